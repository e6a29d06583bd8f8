/**
 * Ends many watches or connections over a period and not at once: their clients reconnect, and
 * would all reconnect together.
 */
import type { Clock } from './clock.ts';
import { pauseOn } from './clock.ts';

const stepMs = 100;

/**
 * Calls `run` for each, evenly over so many milliseconds; resolves after the last one. 0 is at
 * once.
 */
export async function spreadOver<T>(
  clock: Pick<Clock, 'setTimer'>,
  items: Iterable<T>,
  milliseconds: number,
  run: (item: T) => void,
): Promise<void> {
  const all = [...items];
  const steps = Math.min(Math.max(1, Math.floor(milliseconds / stepMs)), Math.max(1, all.length));
  for (let step = 0; step < steps; step++) {
    const from = Math.floor((step * all.length) / steps);
    for (const item of all.slice(from, Math.floor(((step + 1) * all.length) / steps))) run(item);
    if (step < steps - 1) await pauseOn(clock, milliseconds / steps);
  }
}
