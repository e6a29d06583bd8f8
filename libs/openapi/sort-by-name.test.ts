import { createTurns } from '@kcp-ts/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortByName } from './sort-by-name.ts';

const patient = createTurns({ clock: { monotonic: () => 0 }, nextTurn: (run) => run() });

it('sorts as Array.sort does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.string(), { maxLength: 50 }), async (names) => {
      const sorted = await sortByName(new Map(names.map((name) => [name, 1])), patient.begin());
      expect(sorted.map(([name]) => name)).toEqual([...names].sort());
    }),
  );
});

it('gives others their turns among tens of thousands', async () => {
  const names = Array.from({ length: 20_500 }, (_, i) => `n${(i * 7_919) % 20_500}`);
  let nowMs = 0;
  let turns = 0;
  const hurried = createTurns({
    clock: { monotonic: () => nowMs++ },
    nextTurn(run) {
      turns++;
      queueMicrotask(run);
    },
  });
  const sorted = await sortByName(new Map(names.map((name, i) => [name, i])), hurried.begin());
  expect(sorted.map(([name]) => name)).toEqual([...names].sort());
  expect(turns).toBeGreaterThan(10);
});
