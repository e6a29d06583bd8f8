/** Time, randomness and timers are always passed in; this is the one room that takes them from the machine. */
export interface Clock {
  /** Milliseconds since the epoch, with a fraction. */
  now(): number;
  /** Milliseconds on a clock that never steps back. */
  monotonic(): number;
  setTimer(milliseconds: number, run: () => void): Disposable;
}

export function createSystemClock(): Clock {
  return {
    now: () => performance.timeOrigin + performance.now(),
    monotonic: () => performance.now(),
    setTimer(milliseconds, run) {
      const timer = setTimeout(run, milliseconds);
      timer.unref();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
