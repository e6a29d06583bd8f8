/**
 * How long the turns of an event loop take. A machine with other work makes every turn longer than
 * it is, so what counts is the time that the thread itself worked in the turn, or was stopped by
 * what it called: the time that it waited for a processor, which Linux tells in schedstat, is taken
 * off.
 */
import { readFileSync } from 'node:fs';

/**
 * What is measured: milliseconds that went by, and milliseconds of them that the thread was ready
 * to run but had no processor.
 */
export interface ThreadTimes {
  now(): number;
  waited(): number;
}

export interface TurnMeter extends Disposable {
  /** The longest turn since the last call, in milliseconds. */
  longest(): number;
}

export const mainThreadTimes: ThreadTimes = {
  now: () => performance.now(),
  // Three numbers: nanoseconds on a processor, nanoseconds waiting for one, and how often.
  waited: () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6,
};

/** Looks once in each turn of the event loop, at most once a millisecond. */
export function createTurnMeter(times: ThreadTimes): TurnMeter {
  let longest = 0;
  let last = { now: times.now(), waited: times.waited() };
  const look = () => {
    const next = { now: times.now(), waited: times.waited() };
    longest = Math.max(longest, next.now - last.now - (next.waited - last.waited));
    last = next;
  };
  const timer = setInterval(look, 1);
  timer.unref();
  return {
    longest() {
      look();
      const found = longest;
      longest = 0;
      return found;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
