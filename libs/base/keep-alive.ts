import type { Clock } from './clock.ts';
import { pauseOn } from './clock.ts';

/** How often the timer that keeps the process alive fires; any time will do. */
const aliveMs = 60_000;

/** Keeps the process running until disposed. The timers of a `Clock` do not. */
export function keepProcessAlive(): Disposable {
  const timer = setInterval(() => undefined, aliveMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** `pauseOn` for a process that may have nothing else to wait for. */
export async function pauseAlive(clock: Pick<Clock, 'setTimer'>, milliseconds: number): Promise<void> {
  using _alive = keepProcessAlive();
  await pauseOn(clock, milliseconds);
}
