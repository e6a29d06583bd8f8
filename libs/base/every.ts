import type { Clock } from './clock.ts';

/**
 * Calls `run` every `milliseconds` until disposed. The next call is scheduled even when this one
 * throws, so that one bad state cannot end what protects against bad states; the error goes where
 * errors of timers go (`uncaught-errors.ts`).
 */
export function every(clock: Pick<Clock, 'setTimer'>, milliseconds: number, run: () => void): Disposable {
  let disposed = false;
  let timer: Disposable;
  const again = () => {
    timer = clock.setTimer(milliseconds, () => {
      try {
        run();
      } finally {
        if (!disposed) again();
      }
    });
  };
  again();
  return {
    [Symbol.dispose]() {
      disposed = true;
      timer[Symbol.dispose]();
    },
  };
}
