import { expect, it } from 'vitest';
import { pushAll } from './push-all.ts';

it('appends more than a call has room for', () => {
  const list = [1];
  pushAll(list, Array<number>(500_000).fill(2));
  expect([list.length, list[0], list.at(-1)]).toEqual([500_001, 1, 2]);
});
