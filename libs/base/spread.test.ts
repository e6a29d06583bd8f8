import { expect, it } from 'vitest';
import { spreadOver } from './spread.ts';

/** Each timer is due when it is set; what was waited for is told. */
function createTold() {
  const waited: number[] = [];
  const clock = {
    setTimer(milliseconds: number, run: () => void) {
      waited.push(milliseconds);
      queueMicrotask(run);
      return { [Symbol.dispose]: () => undefined };
    },
  };
  return { waited, clock };
}

it.each([
  ['at once', 0, 5, [[0, 1, 2, 3, 4]]],
  ['one by one where they are few', 1000, 3, [[0], [1], [2]]],
  [
    'in steps of a tenth of a second where they are many',
    300,
    7,
    [
      [0, 1],
      [2, 3],
      [4, 5, 6],
    ],
  ],
  ['nobody where there is none', 1000, 0, [[]]],
])('calls %s', async (_how, milliseconds, count, steps) => {
  const { waited, clock } = createTold();
  const called: number[][] = Array.from({ length: steps.length }, () => []);
  const items = Array.from({ length: count }, (_, item) => item);
  await spreadOver(clock, items, milliseconds, (item) => void called[waited.length]?.push(item));
  expect(called).toEqual(steps);
  expect(waited).toEqual(Array.from({ length: steps.length - 1 }, () => milliseconds / steps.length));
});
