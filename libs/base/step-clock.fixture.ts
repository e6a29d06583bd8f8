/** A clock for what waits for one timer at a time: it runs when the test says so. */
import type { Clock } from './clock.ts';

export interface StepClock {
  readonly clock: Clock;
  /** Runs the timer; resolves when the next one has been set. */
  step(): Promise<void>;
  /** Whether a timer is set. */
  isSet(): boolean;
}

export function createStepClock(): StepClock {
  let run: (() => void) | undefined;
  let set: () => void = () => undefined;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimer(_ms, callback) {
      run = callback;
      set();
      return { [Symbol.dispose]: () => (run = undefined) };
    },
  };
  return {
    clock,
    step: () =>
      new Promise((done) => {
        set = done;
        run?.();
      }),
    isSet: () => run !== undefined,
  };
}
