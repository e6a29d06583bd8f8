/**
 * Fan-out: the hub gets each flushed batch of the store once, wraps each event once, and hands it
 * to the watchers of a range that it is in, found by index. It keeps no objects and no history:
 * both come from the store.
 */

import type { Revision } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { FatalError, spreadOver, throwLater } from '@kcp-ts/base';
import type { KeyRange, Range, Store, StoreEvent } from '@kcp-ts/storage';
import { compileRange } from '@kcp-ts/storage';
import type { CatchUp } from './catch-up.ts';
import { createCatchUp } from './catch-up.ts';
import type { Change } from './change.ts';
import { createChange } from './change.ts';
import { createRangeIndex } from './range-index.ts';
import type { Member, Watcher } from './watcher.ts';
import { deliver } from './watcher.ts';

export interface WatchHub extends Disposable {
  /**
   * Tells a watcher of every event of a range after a revision, nothing lost or doubled, until the
   * signal aborts. Never calls it before it returns. Where history no longer reaches back to
   * `after`, it ends with Expired.
   */
  follow(range: Range, after: Revision, watcher: Watcher, signal: AbortSignal): void;
  /**
   * For caches in the process: called with every batch at once, before any watcher and before its
   * commits are acknowledged. Must not throw.
   */
  onChanges(listener: (changes: readonly Change[]) => void): Disposable;
  currentRevision(): Revision;
  /** As the store's: live watchers have been called with everything up to it. */
  progress(past?: Revision): Promise<Revision>;
  /** Ends the watches that there are now, one after the other over so long. */
  endWatches(clock: Pick<Clock, 'setTimer'>, milliseconds: number): Promise<void>;
  /** For metrics, and to see that nothing is left behind. */
  sizes(): { readonly feedConsumers: number; readonly ranges: number; readonly catchingUp: number };
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

export function createWatchHub(store: Store, options: WatchHubOptions = {}): WatchHub {
  return new StoreWatchHub(store, options.formatRevision ?? String);
}

class StoreWatchHub implements WatchHub {
  readonly #store: Store;
  readonly #formatRevision: (revision: Revision) => string;
  readonly #index = createRangeIndex<Bucket>();
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #members = new Set<Member>();
  readonly #catchUp: CatchUp;
  readonly #subscription: Disposable;

  constructor(store: Store, formatRevision: (revision: Revision) => string) {
    this.#store = store;
    this.#formatRevision = formatRevision;
    this.#catchUp = createCatchUp({
      store,
      goLive: (member) => this.#goLive(member),
      end: (member, error) => this.#end(member, error),
      expired: (after) => this.#expired(after),
    });
    this.#subscription = store.subscribe((events) => this.#dispatch(events));
  }

  follow(range: Range, after: Revision, watcher: Watcher, signal: AbortSignal): void {
    if (signal.aborted) return;
    const aborted = () => void member.leave();
    const member: Member = {
      range: compileRange(range),
      watcher,
      after,
      ended: false,
      leave: () => {
        if (member.ended) return false;
        member.ended = true;
        signal.removeEventListener('abort', aborted);
        this.#leave(member);
        return true;
      },
    };
    signal.addEventListener('abort', aborted);
    this.#members.add(member);
    if (after >= this.#store.currentRevision()) this.#goLive(member);
    else this.#catchUp.add(member);
  }

  onChanges(listener: (changes: readonly Change[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  currentRevision(): Revision {
    return this.#store.currentRevision();
  }

  progress(past?: Revision): Promise<Revision> {
    return this.#store.progress(past);
  }

  sizes(): ReturnType<WatchHub['sizes']> {
    return { feedConsumers: this.#members.size, ranges: this.#index.size(), catchingUp: this.#catchUp.size() };
  }

  endWatches(clock: Pick<Clock, 'setTimer'>, milliseconds: number): Promise<void> {
    return spreadOver(clock, this.#members, milliseconds, (member) => this.#end(member, undefined));
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    // An error would have clients list everything again.
    for (const member of this.#members) this.#end(member, undefined);
  }

  #dispatch(events: readonly StoreEvent[]): void {
    const upTo = events.at(-1)?.revision;
    if (upTo === undefined || (this.#listeners.size === 0 && this.#index.size() === 0)) return;
    const changes = events.map(createChange);
    for (const listener of this.#listeners) tellListener(listener, changes);
    if (this.#index.size() === 0) return;
    const touched: Bucket[] = [];
    for (const change of changes) {
      this.#index.match(change.event.key, (bucket) => {
        if (bucket.pending.push(change) === 1) touched.push(bucket);
      });
    }
    for (const bucket of touched) {
      const { pending } = bucket;
      bucket.pending = [];
      for (const member of bucket.members) this.#tell(member, pending, upTo);
    }
  }

  #tell(member: Member, changes: readonly Change[], upTo: Revision): void {
    try {
      deliver(member, changes, upTo);
    } catch (error) {
      this.#end(member, StatusError.from(error));
    }
  }

  #goLive(member: Member): void {
    if (member.ended) return;
    let bucket = this.#index.get(member.range);
    if (bucket === undefined) {
      bucket = { range: member.range, members: new Set(), pending: [] };
      this.#index.set(member.range, bucket);
    }
    bucket.members.add(member);
    member.watcher.live?.();
  }

  #leave(member: Member): void {
    this.#members.delete(member);
    this.#catchUp.remove(member);
    const bucket = this.#index.get(member.range);
    if (bucket?.members.delete(member) === true && bucket.members.size === 0) this.#index.delete(member.range);
  }

  #end(member: Member, error: StatusError | undefined): void {
    if (!member.leave()) return;
    try {
      member.watcher.end(error);
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  #expired(after: Revision): StatusError {
    const [wanted, floor] = [after, this.#store.floor()].map((revision) => this.#formatRevision(revision));
    return StatusError.expired(`too old resource version: ${wanted} (${floor})`);
  }
}

function tellListener(listener: (changes: readonly Change[]) => void, changes: readonly Change[]): void {
  try {
    listener(changes);
  } catch (cause) {
    // It keeps state by the changes (of who may do what, for example) and has missed some: only a
    // restart reads it again.
    throwLater(new FatalError('a listener for changes failed', { cause }));
  }
}
