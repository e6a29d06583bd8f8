import { expect, it } from 'vitest';
import { createPace } from './pace.ts';

/**
 * An event loop of the test's own: `turn` runs what was put off until then, and not what that puts
 * off in turn.
 */
function turns() {
  let next: (() => void)[] = [];
  return {
    nextTurn: (run: () => void) => void next.push(run),
    turn() {
      const now = next;
      next = [];
      for (const run of now) run();
    },
    idle: () => next.length === 0,
  };
}

it('begins so many at once, and the others in later turns and in the order in which they came', () => {
  const loop = turns();
  const begun: number[] = [];
  const pace = createPace({ perTurn: 2, hasRoom: () => true, nextTurn: loop.nextTurn });
  const atOnce = [1, 2, 3, 4, 5].map((each) => pace(() => void begun.push(each)));
  expect(atOnce).toEqual([true, true, false, false, false]);
  expect(begun).toEqual([1, 2]);
  while (begun.length < 4) loop.turn();
  expect(begun).toEqual([1, 2, 3, 4]);
  // Who comes later does not pass those who wait.
  expect(pace(() => void begun.push(6))).toBe(false);
  while (!loop.idle()) loop.turn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6]);
});

it('begins one in each turn, and not more, where the turn has no room', () => {
  const loop = turns();
  let begun = 0;
  const pace = createPace({ perTurn: 4, hasRoom: () => false, nextTurn: loop.nextTurn });
  for (let each = 0; each < 5; each++) expect(pace(() => void begun++)).toBe(false);
  for (let last = 0; !loop.idle(); last = begun) {
    loop.turn();
    expect(begun - last).toBeLessThanOrEqual(1);
  }
  expect(begun).toBe(5);
});
