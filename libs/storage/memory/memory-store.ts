/**
 * The engine for tests and for what need not outlive its process. Its log is a plain array: ranges
 * of history are found by asking each event.
 */
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock, SortedMap } from '@kcp-ts/base';
import type { Backend, Flush, StoredEntry, Write } from '../engine/backend.ts';
import type { StoreOptions } from '../engine/create-store.ts';
import { assembleStore } from '../engine/create-store.ts';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys } from '../key-range.ts';
import type { EntryHead, Store, StoreEvent } from '../store.ts';

export interface MemoryStoreOptions extends Partial<Omit<StoreOptions, 'clock'>> {
  readonly clock?: Clock | undefined;
}

/**
 * Everything is gone when the process ends; the rest of the contract holds, "durable" being the
 * turn after the commit.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return assembleStore(createMemoryBackend(), { ...options, clock: options.clock ?? createSystemClock() });
}

export function createMemoryBackend(): Backend {
  return new MemoryBackend();
}

class MemoryBackend implements Backend {
  readonly state = { revision: revisionZero, reserved: revisionZero, floor: revisionZero, checkpoint: '' };
  readonly #byKey = new SortedMap<string, StoredEntry>(undefined, compareKeys);
  readonly #byCluster = new SortedMap<string, StoredEntry>(undefined, compareKeys);
  readonly #entries = new Map<string, StoredEntry>();
  readonly #expiring = new Map<string, number>();
  #log: StoreEvent[] = [];
  #bytes = 0;
  #unpublished: Pick<Flush, 'writes' | 'trim'> | undefined;

  get(key: string): StoredEntry | undefined {
    return this.#entries.get(key);
  }

  head(key: string): EntryHead | undefined {
    return this.#entries.get(key);
  }

  walk(range: KeyRange, after: string | undefined, visit: (entry: StoredEntry) => boolean): void {
    const tree = range.order === 'key' ? this.#byKey : this.#byCluster;
    const last = after === undefined || range.order === 'key' ? after : clusterOrderOf(after);
    const start = last === undefined || compareKeys(last, range.start) < 0 ? range.start : last;
    for (const [ordered, entry] of tree.entries(start)) {
      if (ordered === last) continue;
      if (range.end !== undefined && compareKeys(ordered, range.end) >= 0) return;
      if (!visit(entry)) return;
    }
  }

  walkKeys(range: KeyRange, after: string | undefined, visit: (key: string) => boolean): void {
    this.walk(range, after, (entry) => visit(entry.key));
  }

  walkEvents(range: KeyRange, after: Revision, upTo: Revision, visit: (event: StoreEvent) => boolean): void {
    for (let index = firstBehind(this.#log, after); index < this.#log.length; index++) {
      const event = this.#log[index] as StoreEvent;
      if (event.revision > upTo || (range.includes(event.key) && !visit(event))) return;
    }
  }

  walkOldest(visit: (revision: Revision, bytes: number) => boolean): void {
    for (const event of this.#log) if (!visit(event.revision, bytesOf(event))) return;
  }

  historyBytes(): number {
    return this.#bytes;
  }

  expired(now: number, limit: number): readonly string[] {
    const due = [...this.#expiring].filter(([, expiresAt]) => expiresAt <= now).sort(([, a], [, b]) => a - b);
    return due.slice(0, limit).map(([key]) => key);
  }

  write(flush: Flush): Promise<void> {
    this.#unpublished = flush;
    return Promise.resolve();
  }

  publish(): void {
    if (this.#unpublished === undefined) return;
    const { writes, trim } = this.#unpublished;
    this.#unpublished = undefined;
    for (const write of writes) this.#apply(write);
    if (trim === undefined) return;
    const kept = firstBehind(this.#log, trim);
    for (let index = 0; index < kept; index++) this.#bytes -= bytesOf(this.#log[index] as StoreEvent);
    this.#log = this.#log.slice(kept);
  }

  #apply({ event, expiresAt }: Write): void {
    const { key, value, revision, createRevision } = event;
    this.#log.push(event);
    this.#bytes += bytesOf(event);
    if (expiresAt > 0) this.#expiring.set(key, expiresAt);
    else this.#expiring.delete(key);
    if (event.type === 'delete') {
      this.#entries.delete(key);
      this.#byKey.delete(key);
      this.#byCluster.delete(clusterOrderOf(key));
      return;
    }
    const entry: StoredEntry = { key, value, revision, createRevision, expiresAt };
    this.#entries.set(key, entry);
    this.#byKey.set(key, entry);
    this.#byCluster.set(clusterOrderOf(key), entry);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
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
