import { expect, it, vi } from 'vitest';
import { createSystemClock } from './clock.ts';

it('the system clock follows when it is set, forwards and back, and has fractions of milliseconds between', () => {
  const clock = createSystemClock();
  const before = clock.now();
  expect(Math.abs(before - Date.now())).toBeLessThan(3);
  const real = Date.now;
  let setBy = 5_000;
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + setBy);
  try {
    expect(clock.now() - before).toBeGreaterThan(4_900);
    setBy = -5_000;
    expect(clock.now() - before).toBeLessThan(-4_000);
  } finally {
    spy.mockRestore();
  }
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(3);
  const several = Array.from({ length: 1_000 }, () => clock.now());
  expect(several.every((now, index) => index === 0 || now >= (several[index - 1] ?? 0))).toBe(true);
  expect(new Set(several).size).toBeGreaterThan(100);
});
