/**
 * The feeds of all shards as they are, on disk: for followers that cannot ask a shard itself. Keys begin with the shard, values with the revisions.
 */
import type { Revision } from '@kcp-ts/meta';
import { asRevision, StatusError } from '@kcp-ts/meta';
import { FeedService } from '@kcp-ts/proto';
import type { FeedEntry, FeedSink } from '@kcp-ts/replication';
import type { RpcCall, RpcHandlers, RpcService } from '@kcp-ts/rpc';
import { RpcError, serviceOf } from '@kcp-ts/rpc';
import type { Entry, Operation, Store } from '@kcp-ts/storage';
import { commitOperationsMax } from '@kcp-ts/storage';

const headerBytes = 16;
const pieceEntries = 500;

/** `<shard>/<group>~<resource>/<identity>/<cluster>/<namespace>/<name>`. */
function rawKey(shard: string, key: string): string {
  const slash = key.indexOf('/');
  return `${shard}/${key.slice(0, slash)}~${key.slice(slash + 1)}`;
}

function originalKey(shard: string, raw: string): string {
  return raw.slice(shard.length + 1).replace('~', '/');
}

function encode({ revision, createRevision }: FeedEntry, value: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(headerBytes + value.length);
  bytes.writeDoubleLE(revision, 0);
  bytes.writeDoubleLE(createRevision, 8);
  bytes.set(value, headerBytes);
  return bytes;
}

function decode(shard: string, { key, value }: Entry) {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return {
    key: originalKey(shard, key),
    revision: bytes.readDoubleLE(0),
    createRevision: bytes.readDoubleLE(8),
    value: bytes.subarray(headerBytes),
  };
}

/**
 * Writes one batch after the other, in order. What cannot be written ends the copy of its shard: nothing that comes later is written before the copy is begun anew,
 * so that what is there is as old as it says.
 */
export interface OrderedWriter {
  /** `operations`: or how to find them, once everything before is written. */
  write(shard: string, operations: readonly Operation[] | (() => readonly Operation[])): void;
  /** A complete state of a shard is about to come. */
  begin(shard: string): void;
  /** Whether something could not be written since the copy was begun. */
  isBroken(shard: string): boolean;
  /** Resolves when everything so far is durable. */
  settled(): Promise<void>;
}

/** `onBroken`: told once of each copy that has ended; it is to be begun anew. */
export function createOrderedWriter(store: Store, onBroken: (shard: string, error: unknown) => void): OrderedWriter {
  const broken = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  async function commit(operations: readonly Operation[]): Promise<void> {
    for (let at = 0; at < operations.length; at += commitOperationsMax)
      await commitOrHalves(operations.slice(at, at + commitOperationsMax));
  }
  /** How large values are is known when they are written: those that are too large together go in two. */
  async function commitOrHalves(operations: readonly Operation[]): Promise<void> {
    try {
      await store.commit(operations);
    } catch (thrown) {
      const together = thrown instanceof StatusError && thrown.reason === 'RequestEntityTooLarge';
      if (!together || operations.length < 2) throw thrown;
      const half = operations.length >> 1;
      await commitOrHalves(operations.slice(0, half));
      await commitOrHalves(operations.slice(half));
    }
  }
  async function commitUnlessBroken(...[shard, operations]: Parameters<OrderedWriter['write']>): Promise<void> {
    if (broken.has(shard)) return;
    try {
      await commit(typeof operations === 'function' ? operations() : operations);
    } catch (error) {
      broken.add(shard);
      onBroken(shard, error);
    }
  }
  return {
    write(shard, operations) {
      if (operations.length > 0 || typeof operations === 'function')
        last = last.then(() => commitUnlessBroken(shard, operations));
    },
    begin(shard) {
      last = last.then(() => void broken.delete(shard));
    },
    isBroken: (shard) => broken.has(shard),
    settled: () => last,
  };
}

/** A key once, as it is in the end. */
function operationsOf(shard: string, entries: readonly FeedEntry[]): Operation[] {
  const newest = new Map(entries.map((entry) => [entry.key, entry]));
  return [...newest.values()].map((entry): Operation => {
    const key = rawKey(shard, entry.key);
    const { value } = entry;
    return value === undefined
      ? { op: 'delete', key, expect: 'any' }
      : { op: 'put', key, expect: 'any', value: () => encode(entry, value) };
  });
}

/** There while a copy is being made, in parts: what it says of itself is not true yet. Sorts behind every shard. */
const unfinishedPrefix = '~unfinished/';

/** Keeps what the feeds say. */
export function rawFeedSink(store: Store, writer: OrderedWriter): FeedSink {
  function removals(shard: string, but: ReadonlySet<string>): readonly Operation[] {
    const entries = store.scan({ prefix: `${shard}/` }, Number.POSITIVE_INFINITY);
    return entries.flatMap(({ key }): Operation[] => (but.has(key) ? [] : [{ op: 'delete', key, expect: 'any' }]));
  }
  const finished = (shard: string): Operation => ({ op: 'delete', key: `${unfinishedPrefix}${shard}`, expect: 'any' });
  return {
    apply: ({ name }, entries) => writer.write(name, operationsOf(name, entries)),
    begin({ name }) {
      const seen = new Set<string>();
      writer.begin(name);
      writer.write(name, [
        { op: 'put', key: `${unfinishedPrefix}${name}`, expect: 'any', value: () => new Uint8Array() },
      ]);
      return {
        add(entries) {
          for (const { key } of entries) seen.add(rawKey(name, key));
          writer.write(name, operationsOf(name, entries));
        },
        end: () => writer.write(name, () => [...removals(name, seen), finished(name)]),
      };
    },
    removed(shard) {
      writer.begin(shard);
      writer.write(shard, () => [...removals(shard, new Set()), finished(shard)]);
    },
  };
}

/** Shards that anything is kept of. */
export async function keptShards(store: Store): Promise<readonly string[]> {
  const shards = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ prefix: '' }, { after, limit: pieceEntries });
    for (const { key } of page.entries)
      shards.add(
        key.startsWith(unfinishedPrefix) ? key.slice(unfinishedPrefix.length) : key.slice(0, key.indexOf('/')),
      );
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) return [...shards];
  }
}

async function* snapshotOf(store: Store, shard: string, epoch: string) {
  const at = store.currentRevision();
  if (store.get(`${unfinishedPrefix}${shard}`) !== undefined)
    throw new RpcError('unavailable', `the copy of ${shard} is not finished`);
  let newest = 0;
  let after: string | undefined;
  const pieces: ReturnType<typeof decode>[][] = [];
  for (;;) {
    const page = await store.list({ prefix: `${shard}/` }, { at, after, limit: pieceEntries });
    const entries = page.entries.map((entry) => decode(shard, entry));
    for (const { revision } of entries) newest = Math.max(newest, revision);
    pieces.push(entries);
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) break;
  }
  if (newest === 0) throw new RpcError('not-found', `nothing is kept of ${shard}`);
  // Complete up to the last thing that the shard said here.
  const revision: Revision = asRevision(newest);
  for (const entries of pieces) yield { epoch, revision, entries };
}

export interface KeptFeedNeeds {
  readonly store: Store;
  readonly writer: Pick<OrderedWriter, 'isBroken'>;
  readonly epoch: string;
  /** Throws RpcError for a caller that may not follow. */
  admit(call: RpcCall): void;
}

/** Answers snapshots of any shard; what a follower missed since, the shard itself must say. */
export function keptFeed({ store, writer, epoch, admit }: KeptFeedNeeds): RpcHandlers<typeof FeedService> {
  const refuse = (): never => {
    throw new RpcError('unimplemented', 'copies have no history');
  };
  return {
    snapshot({ shard }, call) {
      admit(call);
      if (writer.isBroken(shard)) throw new RpcError('unavailable', `the copy of ${shard} could not be written`);
      return snapshotOf(store, shard, epoch);
    },
    fetch: refuse,
    progress: refuse,
  };
}

export function keptFeedService(needs: KeptFeedNeeds): RpcService {
  return serviceOf(FeedService, keptFeed(needs));
}
