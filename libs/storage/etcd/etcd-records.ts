/**
 * How a shard lies in etcd, under its prefix:
 *
 *   data/<key>   createRevision 8 | revision 8 | expiresAt 8 | value        (little-endian doubles)
 *                The value is encrypted where the shard is told to, and so are the mirror's.
 *   commit       the last transaction: what it deleted, at which revisions, and the reservation.
 *                Its version counts the transactions: each one names the version it follows on, so
 *                they apply in order or not at all.
 *   owner        under a lease: who may commit. Each transaction names its create revision.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import type { Write } from '../engine/backend.ts';

export interface Keys {
  readonly all: string;
  readonly data: string;
  readonly commit: string;
  readonly owner: string;
}

export function keysOf(prefix: string): Keys {
  return { all: `${prefix}/`, data: `${prefix}/data/`, commit: `${prefix}/commit`, owner: `${prefix}/owner` };
}

const header = 24;

export function encodeData({ event, expiresAt }: Write): Uint8Array {
  const bytes = Buffer.allocUnsafe(header + event.value.length);
  bytes.writeDoubleLE(event.createRevision, 0);
  bytes.writeDoubleLE(event.revision, 8);
  bytes.writeDoubleLE(expiresAt, 16);
  bytes.set(event.value, header);
  return bytes;
}

export interface Data {
  readonly createRevision: Revision;
  readonly revision: Revision;
  readonly expiresAt: number;
  readonly value: Uint8Array;
}

export function decodeData(bytes: Uint8Array): Data {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    createRevision: asRevision(buffer.readDoubleLE(0)),
    revision: asRevision(buffer.readDoubleLE(8)),
    expiresAt: buffer.readDoubleLE(16),
    // A copy: the bytes that came are those of a whole message.
    value: Uint8Array.from(buffer.subarray(header)),
  };
}

/** The value of what lies at `data/`; a view, not a copy. */
export function storedValueOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(header);
}

export interface CommitRecord {
  /**
   * Another one for each transaction: an owner that does not know what became of its own looks for
   * it here.
   */
  readonly id: string;
  /** The last revision that is committed with it. */
  readonly revision: number;
  /** Nothing that has been promised is above it. */
  readonly reserved: number;
  /**
   * The id of etcd's cluster, as the owner met it: another one where etcd was restored since.
   * Absent in records of earlier versions.
   */
  readonly cluster?: string | undefined;
  /** Keys and the revisions of their deletions: etcd's own events do not say them. */
  readonly deleted: readonly (readonly [key: string, revision: number])[];
}

export function encodeRecord(record: CommitRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

export function decodeRecord(bytes: Uint8Array): CommitRecord {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as CommitRecord;
}
