import type { Clock } from '@kcp-ts/base';

interface Wait {
  readonly there: () => boolean;
  readonly resolve: (there: boolean) => void;
}

/** Who waits for something to become true. It is looked at when `settle` is called, and for so long. */
export interface Waits {
  until(there: () => boolean, milliseconds: number): Promise<boolean>;
  settle(): void;
  /** All who wait hear no. */
  giveUp(): void;
  /** Aborts after so long. */
  deadline(milliseconds: number): AbortSignal;
}

export function createWaits(clock: Clock): Waits {
  const waits = new Set<Wait>();
  return {
    until(there, milliseconds) {
      if (there()) return Promise.resolve(true);
      return new Promise((done) => {
        const resolve = (answer: boolean) => {
          waits.delete(wait);
          timer[Symbol.dispose]();
          done(answer);
        };
        const wait = { there, resolve };
        const timer = clock.setTimer(milliseconds, () => resolve(false));
        waits.add(wait);
      });
    },
    settle() {
      for (const wait of waits) if (wait.there()) wait.resolve(true);
    },
    giveUp() {
      for (const wait of waits) wait.resolve(false);
    },
    deadline(milliseconds) {
      const controller = new AbortController();
      clock.setTimer(milliseconds, () => controller.abort());
      return controller.signal;
    },
  };
}
