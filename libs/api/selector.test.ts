import { threadCpuMs } from '@kcp-ts/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LabelSelector, Requirement } from './selector.ts';
import { compileLabelSelector } from './selector.ts';

const key = fc.constantFrom('a', 'b', 'constructor');
const value = fc.constantFrom('', 'x', 'y', '3', '5', '9223372036854775807', '9223372036854775808');
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('in' as const, 'notin' as const), values: fc.array(value) }),
  fc.record({ key, operator: fc.constantFrom('exists' as const, '!' as const) }),
  fc.record({
    key,
    operator: fc.constantFrom('>' as const, '<' as const),
    bound: fc.constantFrom(3n, 4n, 2n ** 63n - 2n),
  }),
);

function plainly(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every((each) => {
    const found = Object.hasOwn(labels, each.key) ? labels[each.key] : undefined;
    switch (each.operator) {
      case 'in':
        return found !== undefined && each.values.includes(found);
      case 'notin':
        return found === undefined || !each.values.includes(found);
      case 'exists':
        return found !== undefined;
      case '!':
        return found === undefined;
      case '>':
        return found !== '9223372036854775808' && /^\d+$/.test(found ?? '') && BigInt(found ?? '') > each.bound;
      case '<':
        return found !== '9223372036854775808' && /^\d+$/.test(found ?? '') && BigInt(found ?? '') < each.bound;
    }
    return false;
  });
}

it('a compiled selector says what its requirements say one by one', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 5 }), fc.dictionary(key, value), (selector, labels) => {
      expect(compileLabelSelector(selector)(labels)).toBe(plainly(selector, labels));
    }),
    { numRuns: 2_000 },
  );
  expect(compileLabelSelector([])(undefined)).toBe(true);
  expect(compileLabelSelector([{ key: 'constructor', operator: 'exists' }])({})).toBe(false);
});

it('costs the same however many requirements and values there are', () => {
  const values = Array.from({ length: 100_000 }, (_, index) => `v${index}`);
  const terms = Array.from({ length: 5_000 }, (_, index): Requirement => ({ key: `k${index}`, operator: '!' }));
  const matches = compileLabelSelector([...terms, { key: 'a', operator: 'in', values }]);
  const begin = threadCpuMs();
  let found = 0;
  for (let object = 0; object < 100_000; object++) if (matches({ a: `v${object}`, b: 'c' })) found++;
  expect(found).toBe(100_000);
  // Term by term it takes ten seconds.
  expect(threadCpuMs() - begin).toBeLessThan(1_000);
});
