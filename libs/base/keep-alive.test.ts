import process from 'node:process';
import { expect, it } from 'vitest';
import { keepProcessAlive, pauseAlive } from './keep-alive.ts';

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

it('something keeps the process alive until it is disposed', () => {
  const before = timers();
  {
    using _alive = keepProcessAlive();
    expect(timers()).toBe(before + 1);
  }
  expect(timers()).toBe(before);
});

it('a pause keeps the process alive for as long as the clock says', async () => {
  const before = timers();
  let elapse: () => void = () => undefined;
  const paused = pauseAlive(
    {
      setTimer(milliseconds, run) {
        expect(milliseconds).toBe(5_000);
        elapse = run;
        return { [Symbol.dispose]: () => undefined };
      },
    },
    5_000,
  );
  expect(timers()).toBe(before + 1);
  elapse();
  await paused;
  expect(timers()).toBe(before);
});
