/**
 * The two stores of a cache-server with their writers: the objects that it serves, and the replica
 * of the feeds.
 */
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import type { Store } from '@kcp-ts/storage';
import { openLmdbStore } from '@kcp-ts/storage';
import type { OrderedWriter } from './ordered-writer.ts';
import { createOrderedWriter } from './ordered-writer.ts';

export interface WrittenStore {
  readonly store: Store;
  readonly writer: OrderedWriter;
}

export interface CacheStores extends AsyncDisposable {
  readonly copies: WrittenStore;
  readonly feeds: WrittenStore;
}

/** The folders of the stores in the root directory. */
export const cacheStoreFolders = ['copies', 'feeds'] as const;

/** What the copies take, at most; none of it is used before it is needed. */
const mapSizeBytes = 2 ** 36;
const historyMaxBytes = 64_000_000;

/**
 * `onBroken`: something of a shard could not be written. Closing waits for what is being written.
 */
export async function openCacheStores(
  rootDirectory: string,
  clock: Clock,
  onBroken: (shard: string, error: unknown) => void,
): Promise<CacheStores> {
  const open = async (folder: (typeof cacheStoreFolders)[number]): Promise<WrittenStore> => {
    const store = await openLmdbStore({
      path: join(rootDirectory, folder),
      clock,
      mapSizeBytes,
      historyMaxBytes,
    });
    return { store, writer: createOrderedWriter(store, onBroken) };
  };
  const [copies, feeds] = await Promise.all([open('copies'), open('feeds')]);
  const both = [feeds, copies];
  return {
    copies,
    feeds,
    async [Symbol.asyncDispose]() {
      await Promise.all(both.map(({ writer }) => writer.settled()));
      await Promise.all(both.map(({ store }) => store[Symbol.asyncDispose]()));
    },
  };
}
