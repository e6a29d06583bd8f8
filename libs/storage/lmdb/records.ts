/**
 * How records lie in LMDB. Numbers are little-endian doubles.
 *
 *   current:  createRevision 8 | revision 8 | expiresAt 8 | value
 *   log:      createRevision 8 | previous revision, or 0, 8 | key length 4 |
 *             value length 4, its high bit set for a deletion | key | value | previous value
 *
 * A deletion's value is what was there before, so it is stored once.
 */
import type { Revision } from '@kcp-ts/api';
import type { StoredEntry, Write } from '../engine/backend.ts';
import type { EntryHead, StoreEvent } from '../store.ts';

export const currentHeader = 24;
const logHeader = 24;
const deletionBit = 0x80000000;

/** The most bytes that the records of a write take. */
export function recordBytesMax({ event }: Write): number {
  return (
    currentHeader + logHeader + event.key.length * 3 + event.value.length * 2 + (event.previous?.value.length ?? 0)
  );
}

/** Cuts records from one buffer per flush, so that the records of a flush have one address. */
export interface RecordWriter {
  current(write: Write): Buffer;
  log(event: StoreEvent): Buffer;
}

export function createRecordWriter(writes: readonly Write[]): RecordWriter {
  let size = 0;
  for (const write of writes) size += recordBytesMax(write);
  const slab = Buffer.allocUnsafeSlow(size);
  let position = 0;
  function cut(start: number): Buffer {
    return slab.subarray(start, position);
  }
  return {
    current({ event, expiresAt }) {
      const start = position;
      slab.writeDoubleLE(event.createRevision, start);
      slab.writeDoubleLE(event.revision, start + 8);
      slab.writeDoubleLE(expiresAt, start + 16);
      slab.set(event.value, start + currentHeader);
      position = start + currentHeader + event.value.length;
      return cut(start);
    },
    log(event) {
      const start = position;
      const deletion = event.type === 'delete';
      slab.writeDoubleLE(event.createRevision, start);
      slab.writeDoubleLE(event.previous?.revision ?? 0, start + 8);
      const keyBytes = slab.write(event.key, start + logHeader);
      slab.writeUInt32LE(keyBytes, start + 16);
      slab.writeUInt32LE(deletion ? event.value.length + deletionBit : event.value.length, start + 20);
      position = start + logHeader + keyBytes;
      slab.set(event.value, position);
      position += event.value.length;
      if (!deletion && event.previous !== undefined) {
        slab.set(event.previous.value, position);
        position += event.previous.value.length;
      }
      return cut(start);
    },
  };
}

/** The revisions of an entry, out of bytes that are valid only until the next read. */
export function readHead(bytes: Buffer): EntryHead {
  return { revision: bytes.readDoubleLE(8) as Revision, createRevision: bytes.readDoubleLE(0) as Revision };
}

/** Copies an entry out of bytes that are valid only until the next read. */
export function readCurrent(key: string, bytes: Buffer, size: number): StoredEntry {
  return {
    key,
    value: copyOf(bytes, currentHeader, size),
    revision: bytes.readDoubleLE(8) as Revision,
    createRevision: bytes.readDoubleLE(0) as Revision,
    expiresAt: bytes.readDoubleLE(16),
  };
}

export function readLogKey(bytes: Buffer): string {
  return bytes.toString('utf8', logHeader, logHeader + bytes.readUInt32LE(16));
}

/** Copies an event out of bytes that are valid only until the next read. */
export function readLog(revision: number, key: string, bytes: Buffer, size: number): StoreEvent {
  const createRevision = bytes.readDoubleLE(0) as Revision;
  const previousRevision = bytes.readDoubleLE(8) as Revision;
  const start = logHeader + bytes.readUInt32LE(16);
  const lengthAndType = bytes.readUInt32LE(20);
  const deletion = lengthAndType >= deletionBit;
  const end = start + (deletion ? lengthAndType - deletionBit : lengthAndType);
  const value = copyOf(bytes, start, end);
  const previousValue = deletion || previousRevision === 0 ? value : copyOf(bytes, end, size);
  return {
    type: deletion ? 'delete' : 'put',
    key,
    revision: revision as Revision,
    createRevision,
    value,
    previous: previousRevision === 0 ? undefined : { value: previousValue, revision: previousRevision },
  };
}

// Small values share a pool of 8 kB, which is what a list of many needs.
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
