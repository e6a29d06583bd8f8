/**
 * Group commit: what arrives while a flush is under way goes together in the next one.
 *
 *   commit() ──decided at once──► overlay + waiting ──flush──► durable
 *                                                                 │
 *                     readers see it, subscribers are called, promises resolve
 *
 * The overlay holds the newest state of every key that is decided and not yet durable. When a flush
 * fails, everything that waits was decided against a state that will never be, so all of it fails.
 */

import type { Revision } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { FatalError, throwLater } from '@kcp-ts/base';
import type { RevisionClock } from '../revision-clock.ts';
import { reservationMax, revisionAt } from '../revision-clock.ts';
import type {
  CommitResult,
  Entry,
  EntryHead,
  Operation,
  SetRange,
  Store,
  StoreEvent,
  UnchangedCondition,
} from '../store.ts';
import type { Backend, StoredEntry, Write } from './backend.ts';
import { noSpace, StorageFault, takesRoom } from './backend.ts';
import { ChangedSets } from './changed-sets.ts';
import { entryAfter, findConflict, prepareWrites } from './decide.ts';

/**
 * Bounds of one flush, so that preparing it never holds up the event loop; a single larger commit
 * goes alone.
 */
const flushWritesMax = 1_000;
const flushBytesMax = 4_000_000;

/**
 * After a failed flush it is tried again when somebody asks, and no sooner than this. Longer than a
 * reservation, so that there is something to write.
 */
const retryMs = 1_000;

interface Pending {
  readonly writes: readonly Write[];
  readonly bytes: number;
  readonly result: CommitResult;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: StatusError) => void;
}

interface ProgressWait {
  readonly revision: Revision;
  readonly resolve: (revision: Revision) => void;
  readonly reject: (error: StatusError) => void;
}

interface TrimWait {
  readonly upTo: Revision;
  readonly resolve: () => void;
  readonly reject: (error: StatusError) => void;
}

export interface Committer
  extends Pick<Store, 'commit' | 'unchanged' | 'subscribe' | 'currentRevision' | 'progress' | 'statistics' | 'fault'> {
  peek(key: string): StoredEntry | undefined;
  peekHead(key: string): EntryHead | undefined;
  /**
   * Forgets events up to a revision, in a flush of its own or with commits; resolves when that is
   * durable.
   */
  trim(upTo: Revision): Promise<void>;
  /**
   * Waits for what is pending, refuses what comes later, and gives the rest of the reservation
   * back.
   */
  close(): Promise<void>;
}

/** `onFault`: called when commits begin to fail, with the reason, and when they succeed again. */
export function createCommitter(
  backend: Backend,
  revisions: RevisionClock,
  clock: Clock,
  onFault: (why: string | undefined, cause?: unknown) => void = () => undefined,
): Committer {
  return new GroupCommitter(backend, revisions, clock, onFault);
}

class GroupCommitter implements Committer {
  readonly #backend: Backend;
  readonly #revisions: RevisionClock;
  readonly #clock: Clock;
  readonly #onFault: (why: string | undefined, cause?: unknown) => void;
  readonly #overlay = new Map<string, { readonly revision: Revision; readonly entry: StoredEntry | undefined }>();
  readonly #sets = new ChangedSets();
  readonly #listeners = new Set<(events: readonly StoreEvent[]) => void>();
  readonly #counters = { commits: 0, flushes: 0, failures: 0, operations: 0, bytes: 0 };
  #waiting: Pending[] = [];
  #inFlight: readonly Pending[] = [];
  #progressWaits: ProgressWait[] = [];
  #trims: TrimWait[] = [];
  #durable: Revision;
  #reserved: Revision;
  #flushing: Promise<void> | undefined;
  /** Of the last flush, where it failed. */
  #fault: string | undefined;
  #triedMs = 0;
  #closed = false;

  constructor(
    backend: Backend,
    revisions: RevisionClock,
    clock: Clock,
    onFault: (why: string | undefined, cause?: unknown) => void,
  ) {
    this.#onFault = onFault;
    this.#backend = backend;
    this.#revisions = revisions;
    this.#clock = clock;
    this.#durable = backend.state.revision;
    this.#reserved = backend.state.reserved;
  }

  readonly peek = (key: string): StoredEntry | undefined => {
    if (this.#overlay.size !== 0) {
      const pending = this.#overlay.get(key);
      if (pending !== undefined) return pending.entry;
    }
    return this.#backend.get(key);
  };

  readonly peekHead = (key: string): EntryHead | undefined => {
    if (this.#overlay.size !== 0) {
      const pending = this.#overlay.get(key);
      if (pending !== undefined) return pending.entry;
    }
    return this.#backend.head(key);
  };

  commit(operations: readonly Operation[]): Promise<CommitResult> {
    if (this.#closed) return Promise.reject(closed());
    try {
      const conflict = findConflict(operations, this, this.#sets.lastChange);
      // What is refused because of something pending is refused when that is durable: until then
      // others read what was there before.
      if (conflict !== undefined && !this.#overlay.has(conflict.key)) return Promise.resolve(conflict);
      const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
      if (conflict !== undefined) {
        this.#waiting.push({ writes: [], bytes: 0, result: conflict, resolve, reject });
        this.#schedule();
        return promise;
      }
      const writes = prepareWrites(operations, this.peek, this.#revisions.next);
      if (this.#backend.refusesGrowth?.() === true && writes.some(takesRoom))
        throw unavailable(new StorageFault(noSpace));
      this.#waiting.push(this.#accept(writes, resolve, reject));
      this.#schedule();
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #accept(writes: readonly Write[], resolve: Pending['resolve'], reject: Pending['reject']): Pending {
    const entries: Entry[] = [];
    let revision = this.#durable;
    let bytes = 0;
    for (const write of writes) {
      const entry = entryAfter(write);
      if (entry !== undefined) entries.push(entry);
      revision = write.event.revision;
      this.#overlay.set(write.event.key, { revision, entry });
      this.#sets.written(write.event.key, revision);
      bytes += write.event.key.length + write.event.value.length;
    }
    return { writes, bytes, result: { status: 'committed', revision, entries }, resolve, reject };
  }

  #schedule(): void {
    this.#flushing ??= Promise.resolve()
      .then(() => this.#flushAll())
      .catch((cause: unknown) => {
        // Nobody can say what was committed, and no later commit would ever be flushed.
        throw new FatalError('the commit path failed', { cause });
      });
  }

  /** Never rejects: what waits is rejected. */
  async #flushAll(): Promise<void> {
    while (
      this.#waiting.length > 0 ||
      this.#trims.length > 0 ||
      this.#progressWaits.some(({ revision }) => revision > this.#reserved)
    ) {
      const batch = this.#takeBatch();
      this.#inFlight = batch;
      const trimmed = this.#trims;
      this.#trims = [];
      const writes = batch.length === 1 ? (batch[0] as Pending).writes : batch.flatMap((pending) => pending.writes);
      const revision = writes.at(-1)?.event.revision ?? this.#durable;
      // A step that only forgets promises nothing, so that a backend may leave it at that.
      const promises = writes.length > 0 || this.#progressWaits.some(({ revision: asked }) => asked > this.#reserved);
      const ahead = promises
        ? (Math.max(this.#revisions.last(), revisionAt(this.#clock.now()) + reservationMax, this.#reserved) as Revision)
        : this.#reserved;
      const trim = trimmed.length === 0 ? undefined : (Math.max(...trimmed.map(({ upTo }) => upTo)) as Revision);
      try {
        const commits = batch.flatMap((pending) => (pending.writes.length === 0 ? [] : [pending.writes]));
        await this.#backend.write({ writes, commits, revision, reserved: ahead, trim });
      } catch (error) {
        this.#inFlight = [];
        this.#counters.failures++;
        this.#triedMs = this.#clock.monotonic();
        const why = reasonOf(error);
        if (why !== this.#fault) this.#onFault(why, error);
        this.#fault = why;
        this.#failAll([...batch, ...trimmed], unavailable(error));
        continue;
      }
      if (this.#fault !== undefined) this.#onFault(undefined);
      this.#fault = undefined;
      this.#backend.publish();
      this.#reserved = ahead;
      this.#durable = revision;
      this.#inFlight = [];
      this.#settle(batch, writes);
      for (const { resolve } of trimmed) resolve();
      this.#settleProgress();
    }
    // In the same turn as the last look at what waits: a later commit starts again.
    this.#flushing = undefined;
  }

  #takeBatch(): readonly Pending[] {
    let writes = 0;
    let bytes = 0;
    let count = 0;
    for (const pending of this.#waiting) {
      writes += pending.writes.length;
      bytes += pending.bytes;
      if (count > 0 && (writes > flushWritesMax || bytes > flushBytesMax)) break;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  #settle(batch: readonly Pending[], writes: readonly Write[]): void {
    this.#counters.flushes++;
    this.#counters.commits += batch.length;
    this.#counters.operations += writes.length;
    for (const { event } of writes) {
      if (this.#overlay.get(event.key)?.revision === event.revision) this.#overlay.delete(event.key);
      if (event.type === 'put') this.#counters.bytes += event.value.length;
    }
    if (writes.length > 0) {
      const events = writes.map(({ event }) => event);
      for (const listener of this.#listeners) tell(listener, events);
    }
    for (const { resolve, result, writes: own } of batch) {
      // A commit that wrote nothing relied on what was pending before it, which is durable now.
      if (own.length === 0 && result.status === 'committed') resolve({ ...result, revision: this.#durable });
      else resolve(result);
    }
  }

  #settleProgress(): void {
    if (this.#progressWaits.length === 0) return;
    const first = firstRevision(this.#waiting);
    const still: ProgressWait[] = [];
    for (const wait of this.#progressWaits) {
      if (wait.revision <= this.#reserved && (first === undefined || wait.revision < first))
        wait.resolve(wait.revision);
      else still.push(wait);
    }
    this.#progressWaits = still;
  }

  #failAll(failed: readonly { readonly reject: (error: StatusError) => void }[], error: StatusError): void {
    const all = [...failed, ...this.#waiting, ...this.#progressWaits];
    this.#waiting = [];
    this.#progressWaits = [];
    this.#overlay.clear();
    this.#sets.forget();
    for (const { reject } of all) reject(error);
  }

  progress(past?: Revision): Promise<Revision> {
    if (this.#closed) return Promise.reject(closed());
    if (past !== undefined) {
      const first = firstRevision(this.#inFlight) ?? firstRevision(this.#waiting);
      const before = first === undefined ? 0 : Math.min(first - 1, this.#reserved);
      if (before > 0 && before >= past) return Promise.resolve(before as Revision);
    }
    const revision = this.#revisions.promise();
    if (this.#waiting.length === 0 && this.#inFlight.length === 0 && revision <= this.#reserved)
      return Promise.resolve(revision);
    return new Promise((resolve, reject) => {
      this.#progressWaits.push({ revision, resolve, reject });
      this.#schedule();
    });
  }

  currentRevision(): Revision {
    return this.#durable;
  }

  fault(): string | undefined {
    const why = this.#backend.refusesGrowth?.() === true ? noSpace : this.#fault;
    if (this.#fault !== undefined && this.#clock.monotonic() - this.#triedMs >= retryMs) {
      this.#triedMs = this.#clock.monotonic();
      // Where nobody writes, this is what shows that writing works again; that it does not is known
      // already.
      this.progress().catch(() => undefined);
    }
    return why;
  }

  statistics(): ReturnType<Store['statistics']> {
    return { ...this.#counters };
  }

  unchanged(set: SetRange): UnchangedCondition {
    return this.#sets.rely(set, this.#durable, this.#overlay);
  }

  subscribe(listener: (events: readonly StoreEvent[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  trim(upTo: Revision): Promise<void> {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#trims.push({ upTo, resolve, reject });
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing !== undefined) await this.#flushing;
    await this.#backend
      .write({ writes: [], commits: [], revision: this.#durable, reserved: this.#revisions.last(), trim: undefined })
      // A reservation that could not be given back only makes the next start wait.
      .catch(() => undefined);
  }
}

/**
 * What must not throw and did has missed commits: what it derives from them is wrong from now on.
 * The others are called all the same.
 */
function tell(listener: (events: readonly StoreEvent[]) => void, events: readonly StoreEvent[]): void {
  try {
    listener(events);
  } catch (cause) {
    throwLater(new FatalError('a subscriber of the store failed', { cause }));
  }
}

function firstRevision(pending: readonly Pending[]): Revision | undefined {
  return pending.find(({ writes }) => writes.length > 0)?.writes[0]?.event.revision;
}

function reasonOf(cause: unknown): string {
  return cause instanceof StorageFault ? cause.message : 'the store cannot be written now';
}

/**
 * In Kubernetes' words, with the reason behind them: who cannot write wants to know whether to wait
 * or to call somebody.
 */
function unavailable(cause: unknown): StatusError {
  const message = `the server is currently unable to handle the request: ${reasonOf(cause)}`;
  // A known fault is logged once, not with each request that meets it.
  return new StatusError('ServiceUnavailable', message, undefined, cause instanceof StorageFault ? {} : { cause });
}

function closed(): StatusError {
  return new StatusError('ServiceUnavailable', 'the server is currently unable to handle the request');
}
