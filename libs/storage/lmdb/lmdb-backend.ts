/**
 * The embedded engine's tables:
 *
 *   current    key → revisions, expiry, value
 *   clusters   the key in cluster order → nothing
 *   log        revision → what happened, with what was there before
 *   index      (hash of group/resource/identity[/cluster], revision) → nothing
 *   expiry     (moment, key) → nothing
 *   meta       `state` → revision, reservation, floor, bytes of history
 *
 * All reads go through one snapshot, which moves on with `publish` alone: LMDB itself shows a
 * commit as soon as it is durable, which can be before this process knows of it, and then a list
 * would show what no watcher has received yet.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import type { Backend, BackendState, Flush, StoredEntry, Write } from '../engine/backend.ts';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys, keyOfClusterOrder } from '../key-range.ts';
import type { EntryHead, StoreEvent } from '../store.ts';
import type { IndexKey } from './keys.ts';
import { indexKeysOf } from './keys.ts';
import { createRecordWriter, readCurrent, readHead, readLog, readLogKey } from './records.ts';
import type { Snapshot, Tables, TablesOptions } from './tables.ts';
import { asBuffer, openTables } from './tables.ts';

const nothing = Buffer.alloc(0);
const stateKey = 'state';
/** On disk, where earlier versions have it. */
const checkpointKey = 'mark';

export function openLmdbBackend(options: TablesOptions): Backend {
  return new LmdbBackend(openTables(options));
}

class LmdbBackend implements Backend {
  readonly state: BackendState;
  readonly #tables: Tables;
  readonly #current: Tables['current'];
  readonly #clusters: Tables['clusters'];
  readonly #log: Tables['log'];
  readonly #index: Tables['index'];
  readonly #expiry: Tables['expiry'];
  readonly #meta: Tables['meta'];
  readonly #read: { transaction: Snapshot };
  #floor: Revision;
  #historyBytes: number;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#current = tables.current;
    this.#clusters = tables.clusters;
    this.#log = tables.log;
    this.#index = tables.index;
    this.#expiry = tables.expiry;
    this.#meta = tables.meta;
    this.#read = { transaction: tables.takeSnapshot() };
    const bytes = tables.meta.getBinaryFast(stateKey, this.#read);
    const at = (position: number) => (bytes === undefined ? 0 : bytes.readDoubleLE(position));
    const numbers = { revision: asRevision(at(0)), reserved: asRevision(at(8)), floor: asRevision(at(16)) };
    const historyBytes = at(24);
    const checkpoint = tables.meta.getBinaryFast(checkpointKey, this.#read);
    this.state = {
      ...numbers,
      checkpoint: checkpoint === undefined ? '' : asBuffer(checkpoint).toString('utf8', 0, tables.meta.lastSize),
    };
    this.#floor = this.state.floor;
    this.#historyBytes = historyBytes;
  }

  get(key: string): StoredEntry | undefined {
    const bytes = this.#current.getBinaryFast(key, this.#read);
    return bytes === undefined ? undefined : readCurrent(key, asBuffer(bytes), this.#current.lastSize);
  }

  head(key: string): EntryHead | undefined {
    const bytes = this.#current.getBinaryFast(key, this.#read);
    return bytes === undefined ? undefined : readHead(asBuffer(bytes));
  }

  #startOf(range: KeyRange, after: string | undefined) {
    const last = after === undefined || range.order === 'key' ? after : clusterOrderOf(after);
    return last === undefined || compareKeys(last, range.start) < 0
      ? { start: range.start, end: range.end, ...this.#read }
      : { start: last, end: range.end, exclusiveStart: true, ...this.#read };
  }

  walkKeys(range: KeyRange, after: string | undefined, visit: (key: string) => boolean): void {
    if (range.order === 'key') {
      for (const key of this.#current.getKeys(this.#startOf(range, after))) if (!visit(key)) return;
    } else {
      for (const ordered of this.#clusters.getKeys(this.#startOf(range, after)))
        if (!visit(keyOfClusterOrder(ordered))) return;
    }
  }

  walk(range: KeyRange, after: string | undefined, visit: (entry: StoredEntry) => boolean): void {
    if (range.order === 'key') {
      for (const { key, value } of this.#current.getRange(this.#startOf(range, after)))
        if (!visit(readCurrent(key, value.bytes, value.size))) return;
    } else {
      this.walkKeys(range, after, (key) => {
        const entry = this.get(key);
        return entry === undefined || visit(entry);
      });
    }
  }

  walkEvents(range: KeyRange, after: Revision, upTo: Revision, visit: (event: StoreEvent) => boolean): void {
    const hashed = range.order === 'key' ? indexKeysOf(range.start, 0).at(-1) : undefined;
    if (hashed === undefined) {
      for (const { key: revision, value } of this.#log.getRange({ start: after + 1, end: upTo + 1, ...this.#read })) {
        const key = readLogKey(value.bytes);
        if (range.includes(key) && !visit(readLog(revision, key, value.bytes, value.size))) return;
      }
      return;
    }
    const start = { ...hashed, revision: after + 1 };
    for (const revision of this.#index.getKeys({ start, end: { ...hashed, revision: upTo + 1 }, ...this.#read })) {
      const found = this.#log.getBinaryFast(revision, this.#read);
      if (found === undefined) continue;
      const bytes = asBuffer(found);
      const key = readLogKey(bytes);
      if (range.includes(key) && !visit(readLog(revision, key, bytes, this.#log.lastSize))) return;
    }
  }

  #putWrite(write: Write, records: ReturnType<typeof createRecordWriter>): void {
    const { event, expiresAt, previousExpiresAt } = write;
    const { key, revision } = event;
    if (event.type === 'put') this.#current.put(key, records.current(write));
    else this.#current.remove(key);
    if (event.type === 'delete') this.#clusters.remove(clusterOrderOf(key));
    else if (event.previous === undefined) this.#clusters.put(clusterOrderOf(key), nothing);
    if (previousExpiresAt !== expiresAt) {
      if (previousExpiresAt > 0) this.#expiry.remove({ at: previousExpiresAt, key });
      if (expiresAt > 0) this.#expiry.put({ at: expiresAt, key }, nothing);
    }
    const record = records.log(event);
    this.#log.put(revision, record);
    this.#historyBytes += record.length;
    for (const indexKey of indexKeysOf(key, revision)) this.#index.put(indexKey, nothing);
  }

  #removeLogUpTo(upTo: Revision): void {
    const removed: { readonly revision: number; readonly keys: readonly IndexKey[] }[] = [];
    for (const { key: revision, value } of this.#log.getRange({ start: 0, end: upTo + 1, ...this.#read })) {
      removed.push({ revision, keys: indexKeysOf(readLogKey(value.bytes), revision) });
      this.#historyBytes -= value.size;
    }
    for (const { revision, keys } of removed) {
      this.#log.remove(revision);
      for (const key of keys) this.#index.remove(key);
    }
    if (upTo > this.#floor) this.#floor = upTo;
  }

  async write(flush: Flush): Promise<void> {
    const floor = this.#floor;
    const historyBytes = this.#historyBytes;
    const records = createRecordWriter(flush.writes);
    try {
      await this.#tables.batch(() => {
        for (const each of flush.writes) this.#putWrite(each, records);
        if (flush.trim !== undefined) this.#removeLogUpTo(flush.trim);
        const bytes = Buffer.allocUnsafe(32);
        bytes.writeDoubleLE(flush.revision, 0);
        bytes.writeDoubleLE(flush.reserved, 8);
        bytes.writeDoubleLE(this.#floor, 16);
        bytes.writeDoubleLE(this.#historyBytes, 24);
        this.#meta.put(stateKey, bytes);
        if (flush.checkpoint !== undefined) this.#meta.put(checkpointKey, Buffer.from(flush.checkpoint));
      });
    } catch (error) {
      this.#floor = floor;
      this.#historyBytes = historyBytes;
      throw error;
    }
  }

  walkOldest(visit: (revision: Revision, bytes: number) => boolean): void {
    for (const { key: revision, value } of this.#log.getRange({ start: 0, ...this.#read }))
      if (!visit(asRevision(revision), value.size)) return;
  }

  sizeBytes(): number {
    return this.#tables.sizeBytes();
  }

  historyBytes(): number {
    return this.#historyBytes;
  }

  expired(now: number, limit: number): readonly string[] {
    const keys: string[] = [];
    for (const key of this.#expiry.getKeys({
      start: { at: 0, key: '' },
      end: { at: Math.floor(now) + 1, key: '' },
      ...this.#read,
    }))
      if (keys.push(key) >= limit) break;
    return keys;
  }

  publish(): void {
    const before = this.#read.transaction;
    this.#read.transaction = this.#tables.takeSnapshot();
    before.done();
  }

  async close(): Promise<void> {
    this.#read.transaction.done();
    await this.#tables.close();
  }
}
