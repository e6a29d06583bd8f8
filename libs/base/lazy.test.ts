import { expect, it } from 'vitest';
import { lazy } from './lazy.ts';

it('makes a value once, when it is first asked for', () => {
  let made = 0;
  const value = lazy(() => {
    made += 1;
    return undefined;
  });
  expect(made).toBe(0);
  value();
  value();
  expect(made).toBe(1);
});

it('asks again where the making threw', () => {
  let failing = true;
  const value = lazy(() => {
    if (failing) throw new Error('not yet');
    return 'made';
  });
  expect(value).toThrow('not yet');
  failing = false;
  expect(value()).toBe('made');
});
