import { createTurns } from '@kcp-ts/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatYaml, formatYamlInSlices } from './format-yaml.ts';

function counting() {
  let now = 0;
  let turns = 0;
  const made = createTurns({
    clock: { monotonic: () => (now += 5) },
    nextTurn: (run) => {
      turns++;
      setImmediate(run);
    },
  });
  return { slices: made.begin(), turns: () => turns };
}

const texts = fc.oneof(
  fc.string(),
  fc.constantFrom('', 'y', '1', 'a: b', '- x', '# c', 'two\nlines\n', ' lead\n\ntrail', '\n', 'null', '{}', '"q"'),
  fc.constantFrom('x'.repeat(5_000), 'line\n'.repeat(2_000), `\n${'l\n\n'.repeat(2_000)}`),
);
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    texts,
    fc.constantFrom(null, true, 1.5, -7),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'n', '1', 'a b', '? x')), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value;

it('gives the text that is made at once', async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const same = (await formatYamlInSlices(value, counting().slices)) === formatYaml(value);
      expect(same).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it.each([
  [9223372036854775807n, '9223372036854775807'],
  [-9223372036854775808n, '-9223372036854775808'],
  [1_000_000, '1000000'],
  [18446744073709548000, '18446744073709548000'],
  [123456789012345680000, '1.2345678901234568e+20'],
  [1e21, '1e+21'],
  [1.5e300, '1.5e+300'],
  [1234567.5, '1.2345675e+06'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1e-7, '1e-07'],
  ['1e21', "'1e21'"],
  ['9223372036854775807', "'9223372036854775807'"],
])('writes %s as Go does', (value, text) => {
  expect(formatYaml({ a: value })).toBe(`a: ${text}\n`);
});

it('gives turns to others in between', async () => {
  const value = {
    items: Array.from({ length: 5_000 }, (_, index) => ({ name: `item-${index}`, text: 'x'.repeat(40) })),
  };
  const { slices, turns } = counting();
  expect(await formatYamlInSlices(value, slices)).toBe(formatYaml(value));
  expect(turns()).toBeGreaterThan(10);
});
