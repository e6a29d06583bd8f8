/**
 * Fan-out: the hub hears each flushed batch of the store once, wraps each event once, and hands it to whoever follows a range that it is in, found
 * by index. It keeps no objects and no history: both come from the store.
 */
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { KeyRange, Range, Store, StoreEvent } from '@kcp-ts/storage';
import { compileRange } from '@kcp-ts/storage';
import { createCatchUp } from './catch-up.ts';
import type { Change } from './change.ts';
import { createChange } from './change.ts';
import type { Follower, Member } from './follower.ts';
import { deliver } from './follower.ts';
import { createRangeIndex } from './range-index.ts';

export interface WatchHub extends Disposable {
  /**
   * Tells a follower of every event of a range after a revision, nothing lost or doubled, until the signal aborts. Never calls it before it
   * returns. Where history no longer reaches back to `after`, it ends with Expired.
   */
  follow(range: Range, after: Revision, follower: Follower, signal: AbortSignal): void;
  /** For caches in the process: told of every batch at once, before any follower and before its commits are acknowledged. Must not throw. */
  onChanges(listener: (changes: readonly Change[]) => void): Disposable;
  currentRevision(): Revision;
  /** As the store's: live followers have been told of everything up to it. */
  progress(): Promise<Revision>;
  /** For metrics, and to see that nothing is left behind. */
  sizes(): { readonly followers: number; readonly ranges: number; readonly catchingUp: number };
}

export interface WatchHubOptions {
  /** How a revision is written in the message of Expired: clients know resource versions. */
  readonly formatRevision?: (revision: Revision) => string;
}

interface Bucket {
  readonly range: KeyRange;
  readonly members: Set<Member>;
  pending: Change[];
}

export function createWatchHub(store: Store, { formatRevision = String }: WatchHubOptions = {}): WatchHub {
  const index = createRangeIndex<Bucket>();
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const members = new Set<Member>();
  const catchUp = createCatchUp({ store, goLive, end, expired });
  const subscription = store.subscribe(dispatch);

  function dispatch(events: readonly StoreEvent[]): void {
    const changes = events.map(createChange);
    const upTo = events.at(-1)?.revision;
    if (upTo === undefined) return;
    for (const listener of listeners) tellListener(listener, changes);
    if (index.size() === 0) return;
    const touched: Bucket[] = [];
    for (const change of changes) {
      index.match(change.event.key, (bucket) => {
        if (bucket.pending.push(change) === 1) touched.push(bucket);
      });
    }
    for (const bucket of touched) {
      const { pending } = bucket;
      bucket.pending = [];
      for (const member of bucket.members) tell(member, pending, upTo);
    }
  }

  function tell(member: Member, changes: readonly Change[], upTo: Revision): void {
    try {
      deliver(member, changes, upTo);
    } catch (error) {
      end(member, StatusError.from(error));
    }
  }

  function goLive(member: Member): void {
    if (member.ended) return;
    let bucket = index.get(member.range);
    if (bucket === undefined) {
      bucket = { range: member.range, members: new Set(), pending: [] };
      index.set(member.range, bucket);
    }
    bucket.members.add(member);
    member.follower.live?.();
  }

  function leave(member: Member): void {
    members.delete(member);
    catchUp.remove(member);
    const bucket = index.get(member.range);
    if (bucket?.members.delete(member) === true && bucket.members.size === 0) index.delete(member.range);
  }

  function end(member: Member, error: StatusError): void {
    if (!member.leave()) return;
    try {
      member.follower.end(error);
    } catch (thrown) {
      crash(thrown);
    }
  }

  function expired(after: Revision): StatusError {
    return StatusError.expired(`too old resource version: ${formatRevision(after)} (${formatRevision(store.floor())})`);
  }

  return {
    follow(range, after, follower, signal) {
      if (signal.aborted) return;
      const aborted = () => void member.leave();
      const member: Member = {
        range: compileRange(range),
        follower,
        after,
        ended: false,
        leave() {
          if (member.ended) return false;
          member.ended = true;
          signal.removeEventListener('abort', aborted);
          leave(member);
          return true;
        },
      };
      signal.addEventListener('abort', aborted);
      members.add(member);
      if (after >= store.currentRevision()) goLive(member);
      else catchUp.add(member);
    },
    onChanges(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    currentRevision: store.currentRevision,
    progress: store.progress,
    sizes: () => ({ followers: members.size, ranges: index.size(), catchingUp: catchUp.size() }),
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      const error = new StatusError('ServiceUnavailable', 'the server is shutting down');
      for (const member of [...members]) end(member, error);
    },
  };
}

function tellListener(listener: (changes: readonly Change[]) => void, changes: readonly Change[]): void {
  try {
    listener(changes);
  } catch (thrown) {
    crash(thrown);
  }
}

/** What must not throw and did is a programmer's error: it ends the process, but not in the middle of a commit. */
function crash(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
