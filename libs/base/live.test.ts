import { expect, it } from 'vitest';
import { createLive, liveOf } from './live.ts';

it('a live value tells those who follow it of each replacement, until they stop', () => {
  const value = createLive('a');
  const seen: string[] = [];
  const see = () => void seen.push(value.current());
  const first = value.onChange(see);
  using _second = value.onChange(see);
  value.replace('b');
  first[Symbol.dispose]();
  value.replace('c');
  expect(seen).toEqual(['b', 'b', 'c']);
});

it('a plain value is taken for one that never changes, and a live one for itself', () => {
  const plain = { ca: 'pem' };
  expect(liveOf(plain).current()).toBe(plain);
  const live = createLive(plain);
  expect(liveOf(live)).toBe(live);
});
