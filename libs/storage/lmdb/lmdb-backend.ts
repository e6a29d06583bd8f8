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
 * All reads go through one snapshot, which moves on with `publish` alone: LMDB itself shows a commit as soon as it is durable, which can be before
 * we have heard of it, and then a list would hold what nobody has been told of yet.
 */
import type { Revision } from '@kcp-ts/meta';
import { asRevision } from '@kcp-ts/meta';
import type { Backend, BackendState, Flush, StoredEntry, Write } from '../engine/backend.ts';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys, keyOfClusterOrder } from '../key-range.ts';
import type { StoreEvent } from '../store.ts';
import type { IndexKey } from './keys.ts';
import { indexKeysOf } from './keys.ts';
import { createRecordWriter, readCurrent, readLog, readLogKey } from './records.ts';
import type { TablesOptions } from './tables.ts';
import { asBuffer, openTables } from './tables.ts';

const nothing = Buffer.alloc(0);
const stateKey = 'state';

export function openLmdbBackend(options: TablesOptions): Backend {
  const tables = openTables(options);
  const { current, clusters, log, index, expiry, meta } = tables;
  const read = { transaction: tables.takeSnapshot() };
  const opened = readState();
  const state: BackendState = opened;
  let { floor, historyBytes } = opened;

  function readState() {
    const bytes = meta.getBinaryFast(stateKey, read);
    const at = (position: number) => (bytes === undefined ? 0 : bytes.readDoubleLE(position));
    return {
      revision: asRevision(at(0)),
      reserved: asRevision(at(8)),
      floor: asRevision(at(16)),
      historyBytes: at(24),
    };
  }

  function get(key: string): StoredEntry | undefined {
    const bytes = current.getBinaryFast(key, read);
    return bytes === undefined ? undefined : readCurrent(key, asBuffer(bytes), current.lastSize);
  }

  function startOf(range: KeyRange, after: string | undefined) {
    const last = after === undefined || range.order === 'key' ? after : clusterOrderOf(after);
    return last === undefined || compareKeys(last, range.start) < 0
      ? { start: range.start, end: range.end, ...read }
      : { start: last, end: range.end, exclusiveStart: true, ...read };
  }

  function walkKeys(range: KeyRange, after: string | undefined, visit: (key: string) => boolean): void {
    if (range.order === 'key') {
      for (const key of current.getKeys(startOf(range, after))) if (!visit(key)) return;
    } else {
      for (const ordered of clusters.getKeys(startOf(range, after))) if (!visit(keyOfClusterOrder(ordered))) return;
    }
  }

  function walk(range: KeyRange, after: string | undefined, visit: (entry: StoredEntry) => boolean): void {
    if (range.order === 'key') {
      for (const { key, value } of current.getRange(startOf(range, after)))
        if (!visit(readCurrent(key, value.bytes, value.size))) return;
    } else {
      walkKeys(range, after, (key) => {
        const entry = get(key);
        return entry === undefined || visit(entry);
      });
    }
  }

  function walkEvents(range: KeyRange, after: Revision, upTo: Revision, visit: (event: StoreEvent) => boolean): void {
    const hashed = range.order === 'key' ? indexKeysOf(range.start, 0).at(-1) : undefined;
    if (hashed === undefined) {
      for (const { key: revision, value } of log.getRange({ start: after + 1, end: upTo + 1, ...read })) {
        const key = readLogKey(value.bytes);
        if (range.includes(key) && !visit(readLog(revision, key, value.bytes, value.size))) return;
      }
      return;
    }
    const start = { ...hashed, revision: after + 1 };
    for (const revision of index.getKeys({ start, end: { ...hashed, revision: upTo + 1 }, ...read })) {
      const found = log.getBinaryFast(revision, read);
      if (found === undefined) continue;
      const bytes = asBuffer(found);
      const key = readLogKey(bytes);
      if (range.includes(key) && !visit(readLog(revision, key, bytes, log.lastSize))) return;
    }
  }

  function putWrite(write: Write, records: ReturnType<typeof createRecordWriter>): void {
    const { event, expiresAt, previousExpiresAt } = write;
    const { key, revision } = event;
    if (event.type === 'put') current.put(key, records.current(write));
    else current.remove(key);
    if (event.type === 'delete') clusters.remove(clusterOrderOf(key));
    else if (event.previous === undefined) clusters.put(clusterOrderOf(key), nothing);
    if (previousExpiresAt !== expiresAt) {
      if (previousExpiresAt > 0) expiry.remove({ at: previousExpiresAt, key });
      if (expiresAt > 0) expiry.put({ at: expiresAt, key }, nothing);
    }
    const record = records.log(event);
    log.put(revision, record);
    historyBytes += record.length;
    for (const indexKey of indexKeysOf(key, revision)) index.put(indexKey, nothing);
  }

  function removeLogUpTo(upTo: Revision): void {
    const removed: { readonly revision: number; readonly keys: readonly IndexKey[] }[] = [];
    for (const { key: revision, value } of log.getRange({ start: 0, end: upTo + 1, ...read })) {
      removed.push({ revision, keys: indexKeysOf(readLogKey(value.bytes), revision) });
      historyBytes -= value.size;
    }
    for (const { revision, keys } of removed) {
      log.remove(revision);
      for (const key of keys) index.remove(key);
    }
    if (upTo > floor) floor = upTo;
  }

  async function write(flush: Flush): Promise<void> {
    const before = { floor, historyBytes };
    const records = createRecordWriter(flush.writes);
    try {
      await tables.batch(() => {
        for (const each of flush.writes) putWrite(each, records);
        if (flush.trim !== undefined) removeLogUpTo(flush.trim);
        const bytes = Buffer.allocUnsafe(32);
        bytes.writeDoubleLE(flush.revision, 0);
        bytes.writeDoubleLE(flush.reserved, 8);
        bytes.writeDoubleLE(floor, 16);
        bytes.writeDoubleLE(historyBytes, 24);
        meta.put(stateKey, bytes);
      });
    } catch (error) {
      ({ floor, historyBytes } = before);
      throw error;
    }
  }

  return {
    state,
    get,
    walk,
    walkKeys,
    walkEvents,
    walkOldest(visit) {
      for (const { key: revision, value } of log.getRange({ start: 0, ...read }))
        if (!visit(asRevision(revision), value.size)) return;
    },
    historyBytes: () => historyBytes,
    expired(now, limit) {
      const keys: string[] = [];
      for (const key of expiry.getKeys({
        start: { at: 0, key: '' },
        end: { at: Math.floor(now) + 1, key: '' },
        ...read,
      }))
        if (keys.push(key) >= limit) break;
      return keys;
    },
    write,
    publish() {
      const before = read.transaction;
      read.transaction = tables.takeSnapshot();
      before.done();
    },
    async close() {
      read.transaction.done();
      await tables.close();
    },
  };
}
