import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

it.each([
  ['0', 0],
  ['0s', 0],
  ['300ms', 300],
  ['1.5h', 5_400_000],
  ['2h45m', 9_900_000],
  ['1m0.5s', 60_500],
])('reads %s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each(['', '5', '-1s', '1 s', 's', '1d', '1s2', '10ns', '0.1ms'])('refuses %j', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

it('writes whole seconds', () => {
  expect(formatDuration(70_000)).toBe('70s');
});
