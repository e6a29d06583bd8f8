/**
 * Group commit: what arrives while a flush is under way goes together in the next one.
 *
 *   commit() ──decided at once──► overlay + waiting ──flush──► durable ──► readers see it, subscribers are told, promises resolve
 *
 * The overlay holds the newest state of every key that is decided and not yet durable. When a flush fails, everything that waits was decided
 * against a state that will never be, so all of it fails.
 */
import type { Clock } from '@kcp-ts/base';
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { RevisionClock } from '../revision-clock.ts';
import { reservationMax, revisionAt } from '../revision-clock.ts';
import type { CommitResult, Entry, Operation, Store, StoreEvent } from '../store.ts';
import type { Backend, StoredEntry, Write } from './backend.ts';
import { entryAfter, findConflict, prepareWrites } from './decide.ts';

/** Bounds of one flush, so that preparing it never holds up the event loop; a single larger commit goes alone. */
const flushWritesMax = 1_000;
const flushBytesMax = 4_000_000;

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

export interface Committer extends Pick<Store, 'commit' | 'subscribe' | 'currentRevision' | 'progress' | 'statistics'> {
  peek(key: string): StoredEntry | undefined;
  /** Forgets events up to a revision, in a flush of its own or with commits; resolves when that is durable. */
  trim(upTo: Revision): Promise<void>;
  /** Waits for what is pending, refuses what comes later, and gives the rest of the reservation back. */
  close(): Promise<void>;
}

export function createCommitter(backend: Backend, revisions: RevisionClock, clock: Clock): Committer {
  const overlay = new Map<string, { readonly revision: Revision; readonly entry: StoredEntry | undefined }>();
  const listeners = new Set<(events: readonly StoreEvent[]) => void>();
  const counters = { commits: 0, flushes: 0, operations: 0, bytes: 0 };
  let waiting: Pending[] = [];
  let inFlight: readonly Pending[] = [];
  let progressWaits: ProgressWait[] = [];
  let trims: TrimWait[] = [];
  let durable = backend.state.revision;
  let reserved = backend.state.reserved;
  let flushing: Promise<void> | undefined;
  let closed = false;

  function peek(key: string): StoredEntry | undefined {
    if (overlay.size !== 0) {
      const pending = overlay.get(key);
      if (pending !== undefined) return pending.entry;
    }
    return backend.get(key);
  }

  function commit(operations: readonly Operation[]): Promise<CommitResult> {
    if (closed) return Promise.reject(unavailable(undefined));
    try {
      const conflict = findConflict(operations, peek);
      if (conflict !== undefined) return Promise.resolve(conflict);
      const writes = prepareWrites(operations, peek, revisions.next);
      const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
      waiting.push(accept(writes, resolve, reject));
      schedule();
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function accept(writes: readonly Write[], resolve: Pending['resolve'], reject: Pending['reject']): Pending {
    const entries: Entry[] = [];
    let revision = durable;
    let bytes = 0;
    for (const write of writes) {
      const entry = entryAfter(write);
      if (entry !== undefined) entries.push(entry);
      revision = write.event.revision;
      overlay.set(write.event.key, { revision, entry });
      bytes += write.event.key.length + write.event.value.length;
    }
    return { writes, bytes, result: { status: 'committed', revision, entries }, resolve, reject };
  }

  function schedule(): void {
    flushing ??= Promise.resolve().then(flushAll);
  }

  /** Never rejects: who waits is told. */
  async function flushAll(): Promise<void> {
    while (waiting.length > 0 || trims.length > 0 || progressWaits.some(({ revision }) => revision > reserved)) {
      const batch = takeBatch();
      inFlight = batch;
      const trimmed = trims;
      trims = [];
      const writes = batch.length === 1 ? (batch[0] as Pending).writes : batch.flatMap((pending) => pending.writes);
      const revision = writes.at(-1)?.event.revision ?? durable;
      const ahead = Math.max(revisions.last(), revisionAt(clock.now()) + reservationMax, reserved) as Revision;
      const trim = trimmed.length === 0 ? undefined : (Math.max(...trimmed.map(({ upTo }) => upTo)) as Revision);
      try {
        await backend.write({ writes, revision, reserved: ahead, trim });
      } catch (error) {
        inFlight = [];
        failAll([...batch, ...trimmed], unavailable(error));
        continue;
      }
      backend.publish();
      reserved = ahead;
      durable = revision;
      inFlight = [];
      settle(batch, writes);
      for (const { resolve } of trimmed) resolve();
      settleProgress();
    }
    // In the same turn as the last look at what waits: whoever comes later starts anew.
    flushing = undefined;
  }

  function takeBatch(): readonly Pending[] {
    let writes = 0;
    let bytes = 0;
    let count = 0;
    for (const pending of waiting) {
      writes += pending.writes.length;
      bytes += pending.bytes;
      if (count > 0 && (writes > flushWritesMax || bytes > flushBytesMax)) break;
      count++;
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  }

  function settle(batch: readonly Pending[], writes: readonly Write[]): void {
    counters.flushes++;
    counters.commits += batch.length;
    counters.operations += writes.length;
    for (const { event } of writes) {
      if (overlay.get(event.key)?.revision === event.revision) overlay.delete(event.key);
      if (event.type === 'put') counters.bytes += event.value.length;
    }
    if (writes.length > 0) {
      const events = writes.map(({ event }) => event);
      for (const listener of listeners) listener(events);
    }
    for (const { resolve, result } of batch) {
      // A commit that wrote nothing relied on what was pending before it, which is durable now.
      if (result.status === 'committed' && result.revision < durable && result.entries.length === 0)
        resolve({ ...result, revision: durable });
      else resolve(result);
    }
  }

  function settleProgress(): void {
    if (progressWaits.length === 0) return;
    const first = waiting.find(({ writes }) => writes.length > 0)?.writes[0]?.event.revision;
    const still: ProgressWait[] = [];
    for (const wait of progressWaits) {
      if (wait.revision <= reserved && (first === undefined || wait.revision < first)) wait.resolve(wait.revision);
      else still.push(wait);
    }
    progressWaits = still;
  }

  function failAll(failed: readonly { readonly reject: (error: StatusError) => void }[], error: StatusError): void {
    const all = [...failed, ...waiting, ...progressWaits];
    waiting = [];
    progressWaits = [];
    overlay.clear();
    for (const { reject } of all) reject(error);
  }

  function progress(): Promise<Revision> {
    if (closed) return Promise.reject(unavailable(undefined));
    const revision = revisions.promise();
    if (waiting.length === 0 && inFlight.length === 0 && revision <= reserved) return Promise.resolve(revision);
    return new Promise((resolve, reject) => {
      progressWaits.push({ revision, resolve, reject });
      schedule();
    });
  }

  return {
    peek,
    commit,
    progress,
    currentRevision: () => durable,
    statistics: () => ({ ...counters }),
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    trim: (upTo) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(unavailable(undefined));
        trims.push({ upTo, resolve, reject });
        schedule();
      }),
    async close() {
      closed = true;
      while (flushing !== undefined) await flushing;
      await backend
        .write({ writes: [], revision: durable, reserved: revisions.last(), trim: undefined })
        // A reservation that could not be given back only makes the next start wait.
        .catch(() => undefined);
    },
  };
}

function unavailable(cause: unknown): StatusError {
  return new StatusError('ServiceUnavailable', 'the server is currently unable to handle the request', undefined, {
    cause,
  });
}
