import { expect, it } from 'vitest';
import { createPause } from './pause.ts';

it('one of those that pause goes on in each turn, in the order in which they came', async () => {
  const turns: (() => void)[] = [];
  const pause = createPause((run) => void turns.push(run));
  const went: number[] = [];
  const turn = async () => {
    for (const run of turns.splice(0)) run();
    await Promise.resolve();
  };
  for (const index of [1, 2, 3]) void pause().then(() => went.push(index));
  await turn();
  expect(went).toEqual([1]);
  void pause().then(() => went.push(4));
  for (const expected of [2, 3, 4]) {
    await turn();
    expect(went.at(-1)).toBe(expected);
  }
  expect(turns).toEqual([]);
  void pause().then(() => went.push(5));
  await turn();
  expect(went).toEqual([1, 2, 3, 4, 5]);
});
