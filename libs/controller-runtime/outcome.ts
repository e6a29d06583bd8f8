/** What a reconciler wants for its key. */
import type { Operation } from '@kcp-ts/storage';

export type Outcome =
  /** Nothing, until a watch or a source asks for the key again. */
  | { readonly do: 'nothing' }
  /**
   * Commit the operations on condition of what was read. On a conflict the key is requeued, and
   * `next` is not asked.
   */
  | {
      readonly do: 'commit';
      readonly operations: readonly Operation[];
      /**
       * What to do once they are committed. The decision goes on: what it read is still a
       * condition.
       */
      readonly next?: (() => Outcome | Promise<Outcome>) | undefined;
    }
  /** Reconcile again after so many milliseconds, for what no watch and no source announces. */
  | { readonly do: 'wait'; readonly ms: number; readonly why: string }
  /** A commit on the way found a conflict: requeue. */
  | { readonly do: 'conflict' };

export const nothing: Outcome = { do: 'nothing' };

export const conflict: Outcome = { do: 'conflict' };

export function commit(operations: readonly Operation[], next?: () => Outcome | Promise<Outcome>): Outcome {
  return { do: 'commit', operations, next };
}

export function wait(ms: number, why: string): Outcome {
  return { do: 'wait', ms, why };
}

/** For work that has committed on its way: whether all of it could be committed. */
export function nothingUnlessConflict(committed: boolean): Outcome {
  return committed ? nothing : conflict;
}
