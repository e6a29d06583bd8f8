import { expect, it } from 'vitest';
import { createConditions } from './conditions.ts';

it('a condition is waited for until a change makes it hold, and one that holds is not', async () => {
  const { changed, until } = createConditions();
  let count = 0;
  const reached: number[] = [];
  const waits = [1, 2].map((wanted) => until(() => count >= wanted).then(() => reached.push(wanted)));
  await until(() => count === 0);
  count = 1;
  changed();
  await waits[0];
  expect(reached).toEqual([1]);
  count = 2;
  changed();
  await Promise.all(waits);
  expect(reached).toEqual([1, 2]);
});
