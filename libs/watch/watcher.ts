import type { Revision, StatusError } from '@kcp-ts/api';
import type { KeyRange } from '@kcp-ts/storage';
import type { Change } from './change.ts';

/** Watches a range. What it throws ends it. */
export interface Watcher {
  /**
   * In revision order, once per flushed batch. The array is shared with others. `upTo`: the watcher
   * has everything of the range up to it.
   */
  changes(changes: readonly Change[], upTo: Revision): void;
  /**
   * It has everything there is: from now on a promise of progress (a bookmark) is true for it. May
   * come before `follow` returns.
   */
  live?(): void;
  /**
   * Nothing more will come; without an error the client goes on elsewhere from where it is. Not
   * called when the watcher's own signal aborted.
   */
  end(error: StatusError | undefined): void;
  /**
   * While it catches up: a promise of when more may come, or undefined when at once. History waits
   * for it; what is live does not, so a watcher bounds its own queue.
   */
  drained?(): Promise<void> | undefined;
}

/** A watcher and where it stands. */
export interface Member {
  readonly range: KeyRange;
  readonly watcher: Watcher;
  /** It has seen everything up to here. Once live, what it began with: the hub knows the rest. */
  after: Revision;
  ended: boolean;
  /** Takes it out of everything; true the first time. */
  leave(): boolean;
}

/** Tells one member, less what it has seen before. */
export function deliver(member: Member, changes: readonly Change[], upTo: Revision): void {
  const first = changes[0];
  if (first === undefined || member.ended) return;
  const unseen =
    first.event.revision > member.after ? changes : changes.filter(({ event }) => event.revision > member.after);
  if (unseen.length > 0) member.watcher.changes(unseen, upTo);
}
