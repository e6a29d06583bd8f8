import type { Clock } from '@kcp-ts/base';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Time goes by: timers that come due are run, in order. */
  advance(milliseconds: number): void;
  /** The wall clock is set, forwards or back; no timer notices. */
  step(milliseconds: number): void;
  /** Whether anybody waits for it. */
  isAwaited(): boolean;
  /**
   * From now on this much time goes by whenever someone looks at the monotonic clock: work that
   * takes its time.
   */
  spendPerLook(milliseconds: number): void;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

export function createManualClock(startMs: number = Date.UTC(2026, 5, 1)): ManualClock {
  const timers = new Set<Timer>();
  let wall = startMs;
  let elapsed = 0;
  let perLook = 0;
  return {
    now: () => wall,
    monotonic() {
      elapsed += perLook;
      return elapsed;
    },
    setTimer(milliseconds, run) {
      const timer = { due: elapsed + milliseconds, run };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(milliseconds) {
      wall += milliseconds;
      elapsed += milliseconds;
      const due = [...timers].filter((timer) => timer.due <= elapsed).sort((a, b) => a.due - b.due);
      for (const timer of due) if (timers.delete(timer)) timer.run();
    },
    step(milliseconds) {
      wall += milliseconds;
    },
    isAwaited: () => timers.size > 0,
    spendPerLook(milliseconds) {
      perLook = milliseconds;
    },
  };
}
