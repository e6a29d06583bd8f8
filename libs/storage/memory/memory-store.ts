/** The engine for tests and for what need not outlive its process. Its log is a plain array: ranges of history are found by asking each event. */
import { createRequire } from 'node:module';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock } from '@kcp-ts/base';
import type { Revision } from '@kcp-ts/meta';
import { revisionZero } from '@kcp-ts/meta';
import type SortedMapModule from 'sorted-btree';
import type { Backend, StoredEntry, Write } from '../engine/backend.ts';
import type { StoreOptions } from '../engine/create-store.ts';
import { assembleStore } from '../engine/create-store.ts';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys } from '../key-range.ts';
import type { Store, StoreEvent } from '../store.ts';

// Node and the tests' runner disagree on what the default of a CommonJS module is; required, it is the same for both.
const { default: BTree } = createRequire(import.meta.url)('sorted-btree') as typeof SortedMapModule;

export interface MemoryStoreOptions extends Partial<Omit<StoreOptions, 'clock'>> {
  readonly clock?: Clock | undefined;
}

/** Everything is gone when the process ends; the rest of the contract holds, "durable" being the turn after the commit. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return assembleStore(createMemoryBackend(), { ...options, clock: options.clock ?? createSystemClock() });
}

export function createMemoryBackend(): Backend {
  const byKey = new BTree<string, StoredEntry>(undefined, compareKeys);
  const byCluster = new BTree<string, StoredEntry>(undefined, compareKeys);
  const entries = new Map<string, StoredEntry>();
  const expiring = new Map<string, number>();
  let log: StoreEvent[] = [];
  let bytes = 0;
  let unpublished: { readonly writes: readonly Write[]; readonly trim: Revision | undefined } | undefined;

  function walk(range: KeyRange, after: string | undefined, visit: (entry: StoredEntry) => boolean): void {
    const tree = range.order === 'key' ? byKey : byCluster;
    const last = after === undefined || range.order === 'key' ? after : clusterOrderOf(after);
    const start = last === undefined || compareKeys(last, range.start) < 0 ? range.start : last;
    for (const [ordered, entry] of tree.entries(start)) {
      if (ordered === last) continue;
      if (range.end !== undefined && compareKeys(ordered, range.end) >= 0) return;
      if (!visit(entry)) return;
    }
  }

  function apply({ event, expiresAt }: Write): void {
    const { key, value, revision, createRevision } = event;
    log.push(event);
    bytes += bytesOf(event);
    if (expiresAt > 0) expiring.set(key, expiresAt);
    else expiring.delete(key);
    if (event.type === 'delete') {
      entries.delete(key);
      byKey.delete(key);
      byCluster.delete(clusterOrderOf(key));
      return;
    }
    const entry: StoredEntry = { key, value, revision, createRevision, expiresAt };
    entries.set(key, entry);
    byKey.set(key, entry);
    byCluster.set(clusterOrderOf(key), entry);
  }

  return {
    state: { revision: revisionZero, reserved: revisionZero, floor: revisionZero },
    get: (key) => entries.get(key),
    walk,
    walkKeys: (range, after, visit) => walk(range, after, (entry) => visit(entry.key)),
    walkEvents(range, after, upTo, visit) {
      for (let index = firstBehind(log, after); index < log.length; index++) {
        const event = log[index] as StoreEvent;
        if (event.revision > upTo || (range.includes(event.key) && !visit(event))) return;
      }
    },
    walkOldest(visit) {
      for (const event of log) if (!visit(event.revision, bytesOf(event))) return;
    },
    historyBytes: () => bytes,
    expired(now, limit) {
      const due = [...expiring].filter(([, expiresAt]) => expiresAt <= now).sort(([, a], [, b]) => a - b);
      return due.slice(0, limit).map(([key]) => key);
    },
    write({ writes, trim }) {
      unpublished = { writes, trim };
      return Promise.resolve();
    },
    publish() {
      if (unpublished === undefined) return;
      const { writes, trim } = unpublished;
      unpublished = undefined;
      for (const write of writes) apply(write);
      if (trim === undefined) return;
      const kept = firstBehind(log, trim);
      for (let index = 0; index < kept; index++) bytes -= bytesOf(log[index] as StoreEvent);
      log = log.slice(kept);
    },
    close: () => Promise.resolve(),
  };
}

function bytesOf(event: StoreEvent): number {
  return event.key.length + event.value.length + (event.previous?.value.length ?? 0);
}

function firstBehind(log: readonly StoreEvent[], revision: Revision): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle] as StoreEvent).revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
