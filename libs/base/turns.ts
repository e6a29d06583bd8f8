/**
 * Long work in slices. A long task asks now and then whether to let others go first; all
 * that wait go on one after the other, each in a turn of the event loop of its own, so that many
 * long requests at once hold nobody up longer than one does.
 */
import type { Clock } from './clock.ts';
import { createPause } from './pause.ts';

export interface Slices {
  /**
   * Whether this slice has taken long enough. Hot paths ask this first: waiting for nothing costs a
   * turn of the microtask queue as well.
   */
  readonly due: boolean;
  /**
   * A promise to wait for where this slice has taken long enough; undefined, which costs a look at
   * the clock, where work may go on at once.
   */
  pause(): Promise<void> | undefined;
  /** What went before was a wait for something else and no work: the slice begins now. */
  restart(): void;
}

export interface Turns {
  /** For one piece of work; its first slice begins now. */
  begin(): Slices;
}

export interface TurnsDependencies {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Runs something in the next turn of the event loop, after the input that waits. */
  nextTurn(run: () => void): void;
}

/**
 * A slice ends after this: several slices and what else a turn does stay far below what a client
 * notices.
 */
const sliceMs = 8;

export function createTurns({ clock, nextTurn }: TurnsDependencies): Turns {
  const turn = createPause(nextTurn);
  return {
    begin() {
      let until = clock.monotonic() + sliceMs;
      const restart = () => {
        until = clock.monotonic() + sliceMs;
      };
      return {
        get due() {
          return clock.monotonic() >= until;
        },
        pause() {
          if (clock.monotonic() < until) return undefined;
          return turn().then(restart);
        },
        restart,
      };
    },
  };
}

/** The turns of this process's event loop. */
export function createSystemTurns(clock: Pick<Clock, 'monotonic'>): Turns {
  // A caller that asks while input is handled would go on in the same turn, before anybody else's
  // input is looked at: setImmediate alone is no turn.
  return createTurns({ clock, nextTurn: (run) => void setImmediate(() => setImmediate(run)) });
}
