/**
 * A replica of the feeds of all shards, on disk: for feed consumers that cannot ask a shard itself.
 * Keys begin with the shard, values with the revisions.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import { FeedService } from '@kcp-ts/proto';
import type { RpcCall, RpcHandlers, RpcService } from '@kcp-ts/rpc';
import { RpcError, serviceOf } from '@kcp-ts/rpc';
import type { Entry, Store } from '@kcp-ts/storage';
import type { FeedEntry, FeedHandler } from '../feed/feed.ts';
import { createCopyHandler } from './copy-handler.ts';
import type { OrderedWriter } from './ordered-writer.ts';

const headerBytes = 16;
const pageEntries = 500;

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
 * A key with this prefix is there while the copy of a shard is being made and is not complete. It
 * sorts behind every shard.
 */
const unfinishedPrefix = '~unfinished/';

/** Writes what the feeds say to `store`. */
export function feedReplicaHandler(store: Store, writer: OrderedWriter): FeedHandler {
  return createCopyHandler(writer, {
    operationOf(shard, entry) {
      const key = rawKey(shard, entry.key);
      const { value } = entry;
      return value === undefined
        ? { op: 'delete', key, expect: 'any' }
        : { op: 'put', key, expect: 'any', value: () => encode(entry, value) };
    },
    keysOf: (shard) => store.scan({ prefix: `${shard}/` }, Number.POSITIVE_INFINITY).map(({ key }) => key),
    unfinished: (shard) => `${unfinishedPrefix}${shard}`,
  });
}

/** The shards that anything is stored of. */
export async function replicatedShards(store: Store): Promise<readonly string[]> {
  const shards = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ prefix: '' }, { after, limit: pageEntries });
    for (const { key } of page.entries)
      shards.add(
        key.startsWith(unfinishedPrefix) ? key.slice(unfinishedPrefix.length) : key.slice(0, key.indexOf('/')),
      );
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) return [...shards];
  }
}

export interface FeedReplicaDependencies {
  readonly store: Store;
  readonly writer: Pick<OrderedWriter, 'isBroken'>;
  readonly epoch: string;
  /** Throws RpcError for a caller that may not read feeds. */
  admit(call: RpcCall): void;
}

async function* snapshotOf({ store, writer, epoch }: FeedReplicaDependencies, shard: string) {
  if (writer.isBroken(shard)) throw new RpcError('unavailable', `the copy of ${shard} could not be written`);
  const at = store.currentRevision();
  if (store.head(`${unfinishedPrefix}${shard}`) !== undefined)
    throw new RpcError('unavailable', `the copy of ${shard} is not finished`);
  let newest = 0;
  let after: string | undefined;
  const pages: ReturnType<typeof decode>[][] = [];
  for (;;) {
    const page = await store.list({ prefix: `${shard}/` }, { at, after, limit: pageEntries });
    const entries = page.entries.map((entry) => decode(shard, entry));
    for (const { revision } of entries) newest = Math.max(newest, revision);
    pages.push(entries);
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) break;
  }
  if (newest === 0) throw new RpcError('not-found', `nothing is kept of ${shard}`);
  // Complete up to the last thing that the shard said here.
  const revision: Revision = asRevision(newest);
  for (const entries of pages) yield { epoch, revision, entries };
}

/**
 * Answers snapshots of any shard. It has no history: what a feed consumer missed since must be
 * fetched from the shard itself.
 */
export function feedReplica(deps: FeedReplicaDependencies): RpcHandlers<typeof FeedService> {
  const refuse = (): never => {
    throw new RpcError('unimplemented', 'copies have no history');
  };
  return {
    snapshot({ shard }, call) {
      deps.admit(call);
      return snapshotOf(deps, shard);
    },
    fetch: refuse,
    progress: refuse,
  };
}

/** The same as a gRPC service. */
export function feedReplicaService(deps: FeedReplicaDependencies): RpcService {
  return serviceOf(FeedService, feedReplica(deps));
}
