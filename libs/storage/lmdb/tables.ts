/**
 * The one place that speaks to the `lmdb` package: what we use of it, with the types that it lacks.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { DueKey, IndexKey, KeyEncoder } from './keys.ts';
import { dueKeys, indexKeys, numberKeys, textKeys } from './keys.ts';

/** Bytes in LMDB's reused read buffer: valid until the next read, and `length` is not theirs. */
export interface RawValue {
  bytes: Buffer;
  size: number;
}

export interface Snapshot {
  done(): void;
}

interface ReadOptions {
  transaction: Snapshot;
}

interface RangeOptions<Key> extends ReadOptions {
  readonly start?: Key | undefined;
  readonly end?: Key | undefined;
  readonly exclusiveStart?: boolean;
  readonly values?: boolean;
}

export interface Table<Key, Read = Key> {
  readonly lastSize: number;
  put(key: Key, value: Uint8Array): unknown;
  remove(key: Key): unknown;
  getBinaryFast(key: Key, options: ReadOptions): Buffer | undefined;
  getRange(options: RangeOptions<Key>): Iterable<{ readonly key: Read; readonly value: RawValue }>;
  getKeys(options: RangeOptions<Key>): Iterable<Read>;
}

interface Root {
  openDB(name: string, options: object): unknown;
  batch(run: () => void): Promise<boolean>;
  useReadTransaction(): Snapshot;
  resetReadTxn(): void;
  close(): Promise<void>;
}

export interface Tables {
  readonly current: Table<string>;
  readonly clusters: Table<string>;
  readonly log: Table<number>;
  readonly index: Table<IndexKey, number>;
  readonly expiry: Table<DueKey, string>;
  readonly meta: Table<string>;
  /** All or nothing; resolves when it is synced to the disk. */
  batch(run: () => void): Promise<void>;
  /** What is durable now; must be given back with `done`. */
  takeSnapshot(): Snapshot;
  /** Of the file, which grows and is used again. */
  sizeBytes(): number;
  close(): Promise<void>;
}

export interface TablesOptions {
  readonly path: string;
  /**
   * Leaves it to the system when what was written reaches the disk: for copies of what other shards
   * have.
   */
  readonly copy?: boolean | undefined;
  readonly mapSizeBytes: number;
}

export function openTables({ path, mapSizeBytes, copy = false }: TablesOptions): Tables {
  const root = open({
    path,
    noSubdir: false,
    mapSize: mapSizeBytes,
    maxDbs: 8,
    // With overlapping syncs a commit is visible before it is durable. Without, it becomes both in
    // one step.
    overlappingSync: false,
    // Flushes are ours to group; waiting for the end of the turn as well would only add to each.
    eventTurnBatching: false,
    noSync: copy,
    noMemInit: true,
    encoding: 'binary',
  }) as unknown as Root;
  function table<Key, Read>(name: string, keyEncoder: KeyEncoder<Key, Read>): Table<Key, Read> {
    const raw: RawValue = { bytes: Buffer.alloc(0), size: 0 };
    const encoder = {
      encode: (value: Uint8Array) => value,
      decode(bytes: Uint8Array, size: number) {
        raw.bytes = asBuffer(bytes);
        raw.size = size;
        return raw;
      },
    };
    return root.openDB(name, { keyEncoder, encoder, encoding: undefined }) as Table<Key, Read>;
  }
  return {
    current: table('current', textKeys),
    clusters: table('clusters', textKeys),
    log: table('log', numberKeys),
    index: table('index', indexKeys),
    expiry: table('expiry', dueKeys),
    meta: table('meta', textKeys),
    async batch(run) {
      try {
        await root.batch(run);
      } catch (error) {
        throw await causeOf(error);
      }
    },
    takeSnapshot() {
      root.resetReadTxn();
      return root.useReadTransaction();
    },
    sizeBytes: () => statSync(join(path, 'data.mdb'), { throwIfNoEntry: false })?.size ?? 0,
    close: () => root.close(),
  };
}

/**
 * Reads every key of every table, and changes nothing; returns how many there are. A damaged file
 * may end the process here.
 */
export function readAllKeys(path: string): number {
  const root = open({ path, noSubdir: false, maxDbs: 8, readOnly: true, encoding: 'binary' }) as unknown as Root;
  let count = 0;
  for (const name of ['current', 'clusters', 'log', 'index', 'expiry', 'meta'] satisfies (keyof Tables)[]) {
    const table = root.openDB(name, { keyEncoding: 'binary' }) as { getKeys(): Iterable<Uint8Array> } | undefined;
    // A store that was opened and never written to has no tables yet.
    if (table === undefined) continue;
    for (const _ of table.getKeys()) count++;
  }
  return count;
}

/** Large values come as plain bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A failed commit carries its cause as a promise that rejects, and nobody else listens to it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
  } catch (cause) {
    return cause;
  }
  return error;
}
