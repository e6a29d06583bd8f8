/** Time, randomness and timers are always passed in; only this file takes them from the machine. */
export interface Clock {
  /** Milliseconds since the epoch, with a fraction. */
  now(): number;
  /** Milliseconds on a clock that never steps back. */
  monotonic(): number;
  setTimer(milliseconds: number, run: () => void): Disposable;
}

/** Resolves when that much time has gone by. */
export function pauseOn(clock: Pick<Clock, 'setTimer'>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(milliseconds, resolve));
}

/**
 * What the system's clock may differ from ours by, for its whole milliseconds, before it has been
 * set.
 */
const stepMinMs = 2;

/** Node takes a longer timer for one that is due. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Its fractions of milliseconds come from the monotonic clock; whenever the system's clock is set,
 * it follows.
 */
export function createSystemClock(): Clock {
  let origin = performance.timeOrigin;
  return {
    now() {
      const fine = origin + performance.now();
      const difference = Date.now() - fine;
      if (Math.abs(difference) < stepMinMs) return fine;
      origin += difference;
      return fine + difference;
    },
    monotonic: () => performance.now(),
    setTimer(milliseconds, run) {
      const timer = setTimeout(run, Math.min(milliseconds, timerMsMax));
      timer.unref();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
