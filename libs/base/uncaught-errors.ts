/**
 * What to do with an error that nobody caught, from a timer, a
 * listener, a callback or a promise.
 *
 * Going on is the rule. A request, a watch or a connection that fails this way is lost, but
 * everybody else's work is not: no state is shared between them that half a callback could break.
 * The exceptions end the process, since a restart reads its state from the durable store again:
 *
 * - `FatalError`: the code that threw it says that state is broken. The commit path throws it, and
 *   the fan-out of commits to state that is derived from them: a process that does not know who may
 *   do what must not answer.
 * - A failed assertion (`ERR_ASSERTION`): an invariant does not hold.
 * - Memory that could not be had: what was to be kept in it is missing.
 */
import type { Clock } from './clock.ts';

/** State of this process is broken, and only a restart repairs it. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

/** Where an uncaught error came from, as Node names it. */
export type ErrorOrigin = 'uncaughtException' | 'unhandledRejection';

export interface UncaughtErrors {
  /** Counts and logs the error. Ends the process when it must not go on. */
  report(error: unknown, origin: ErrorOrigin): void;
  /** For the metric `kcp_uncaught_errors_total`. */
  count(origin: ErrorOrigin): number;
}

export interface UncaughtErrorsDependencies {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** `unlogged`: errors since the last line that were only counted. */
  log(level: 'error' | 'fatal', error: unknown, origin: ErrorOrigin, unlogged: number): void;
  /** Ends the process with a code other than 0. */
  end(): void;
}

/**
 * A client that can cause errors must not fill the disk with logs: at most this many lines in each
 * period.
 */
const linesMax = 20;
const periodMs = 10_000;

const fatalCodes: ReadonlySet<unknown> = new Set(['ERR_ASSERTION', 'ERR_MEMORY_ALLOCATION_FAILED']);

/** Whether the process must end because of this error. */
export function isFatal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof FatalError || ('code' in error && fatalCodes.has(error.code))) return true;
  return error instanceof RangeError && error.message === 'Array buffer allocation failed';
}

/**
 * Throws it where nobody catches it, in a later microtask: for a callback that failed while the
 * others must still be called.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function createUncaughtErrors({ clock, log, end }: UncaughtErrorsDependencies): UncaughtErrors {
  const counts: Record<ErrorOrigin, number> = { uncaughtException: 0, unhandledRejection: 0 };
  let periodEndMs = 0;
  let lines = 0;
  let unlogged = 0;
  return {
    report(error, origin) {
      counts[origin]++;
      const fatal = isFatal(error);
      const nowMs = clock.monotonic();
      if (nowMs >= periodEndMs) {
        periodEndMs = nowMs + periodMs;
        lines = 0;
      }
      if (fatal || lines < linesMax) {
        lines++;
        log(fatal ? 'fatal' : 'error', error, origin, unlogged);
        unlogged = 0;
      } else unlogged++;
      if (fatal) end();
    },
    count: (origin) => counts[origin],
  };
}
