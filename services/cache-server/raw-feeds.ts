/**
 * The feeds of all shards as they are, on disk: for followers that cannot ask a shard itself. Keys begin with the shard, values with the revisions.
 */
import type { Revision } from '@kcp-ts/meta';
import { asRevision, StatusError } from '@kcp-ts/meta';
import { FeedService } from '@kcp-ts/proto';
import type { FeedEntry, FeedSink } from '@kcp-ts/replication';
import type { RpcCall, RpcService } from '@kcp-ts/rpc';
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

/** Writes one batch after the other, in order; a batch that fails is tried until it is written. */
export interface OrderedWriter {
  write(operations: readonly Operation[]): void;
  /** Resolves when everything so far is durable. */
  settled(): Promise<void>;
}

export function createOrderedWriter(store: Store, onError: (error: unknown) => void): OrderedWriter {
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
  return {
    write(operations) {
      if (operations.length > 0) last = last.then(() => commit(operations)).catch(onError);
    },
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

/** Keeps what the feeds say. */
export function rawFeedSink(store: Store, writer: OrderedWriter): FeedSink {
  function removeAll(shard: string, but: ReadonlySet<string>): void {
    const entries = store.scan({ prefix: `${shard}/` }, Number.POSITIVE_INFINITY);
    writer.write(
      entries.flatMap(({ key }): Operation[] => (but.has(key) ? [] : [{ op: 'delete', key, expect: 'any' }])),
    );
  }
  return {
    apply: ({ name }, entries) => writer.write(operationsOf(name, entries)),
    begin({ name }) {
      const seen = new Set<string>();
      return {
        add(entries) {
          for (const { key } of entries) seen.add(rawKey(name, key));
          writer.write(operationsOf(name, entries));
        },
        end: () => void writer.settled().then(() => removeAll(name, seen)),
      };
    },
    removed: (shard) => void writer.settled().then(() => removeAll(shard, new Set())),
  };
}

/** Shards that anything is kept of. */
export async function keptShards(store: Store): Promise<readonly string[]> {
  const shards = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ prefix: '' }, { after, limit: pieceEntries });
    for (const { key } of page.entries) shards.add(key.slice(0, key.indexOf('/')));
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) return [...shards];
  }
}

async function* snapshotOf(store: Store, shard: string, epoch: string) {
  const at = store.currentRevision();
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

/** Answers snapshots of any shard; what a follower missed since, the shard itself must say. */
export function keptFeedService(store: Store, epoch: string, admit: (call: RpcCall) => void): RpcService {
  const refuse = (): never => {
    throw new RpcError('unimplemented', 'copies have no history');
  };
  return serviceOf(FeedService, {
    snapshot({ shard }, call) {
      admit(call);
      return snapshotOf(store, shard, epoch);
    },
    fetch: refuse,
    progress: refuse,
  });
}
