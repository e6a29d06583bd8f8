/**
 * Entries of other shards' feeds, in memory, read as a store is read: by key, and by prefix in key
 * order.
 */
import { SortedMap } from '@kcp-ts/base';
import type { Entry, Range, Store, StoreEvent } from '@kcp-ts/storage';
import type { FeedEntry, FeedHandler, FeedShard, FeedSnapshot } from './feed.ts';

export interface EntryView extends FeedHandler, Pick<Store, 'get' | 'head' | 'scan'> {
  /** Called with every change, in feed order. */
  onEvents(listener: (events: readonly StoreEvent[]) => void): Disposable;
  shardOf(key: string): string | undefined;
  sizes(): { readonly entries: number; readonly bytes: number };
}

export interface EntryViewOptions {
  /** Which entries to keep. */
  keep(key: string): boolean;
}

interface Kept extends Entry {
  readonly shard: string;
}

function byBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function createEntryView(options: EntryViewOptions): EntryView {
  const kept = new SortedMap<string, Kept>(undefined, byBytes);
  const listeners = new Set<(events: readonly StoreEvent[]) => void>();
  let bytes = 0;

  function tell(events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    for (const listener of listeners) listener(events);
  }

  /** Undefined where nothing changes: another shard's entry is not this shard's to delete. */
  function change(shard: string, { key, revision, createRevision, value }: FeedEntry): StoreEvent | undefined {
    const before = kept.get(key);
    const previous = before === undefined ? undefined : { value: before.value, revision: before.revision };
    if (value === undefined) {
      if (before === undefined || before.shard !== shard) return undefined;
      kept.delete(key);
      bytes -= key.length + before.value.length;
      return { type: 'delete', key, revision, createRevision: before.createRevision, value: before.value, previous };
    }
    if (before?.shard === shard && before.revision === revision) return undefined;
    // A copy: what came lies in a message, or in a piece of a connection's buffer, and would keep
    // all of that.
    const own = Uint8Array.from(value);
    kept.set(key, { key, revision, createRevision, value: own, shard });
    bytes += key.length + own.length - (before === undefined ? 0 : key.length + before.value.length);
    return { type: 'put', key, revision, createRevision, value: own, previous };
  }

  function removeAll(shard: string, but: ReadonlySet<string>): void {
    const gone = [...kept.entries()].filter(([key, entry]) => entry.shard === shard && !but.has(key));
    tell(
      gone.flatMap(
        ([key, { revision, createRevision }]) =>
          change(shard, { key, revision, createRevision, value: undefined }) ?? [],
      ),
    );
  }

  return {
    apply({ name }, entries) {
      tell(entries.flatMap((entry) => (options.keep(entry.key) ? (change(name, entry) ?? []) : [])));
    },
    begin({ name }: FeedShard): FeedSnapshot {
      const seen = new Set<string>();
      return {
        add(entries) {
          const wanted = entries.filter(({ key }) => options.keep(key));
          for (const { key } of wanted) seen.add(key);
          tell(wanted.flatMap((entry) => change(name, entry) ?? []));
        },
        end: () => removeAll(name, seen),
      };
    },
    removed: (shard) => removeAll(shard, new Set()),
    get: (key) => kept.get(key),
    head: (key) => kept.get(key),
    scan(range: Range, limit: number, after?: string) {
      if (!('prefix' in range)) return [];
      const found: Entry[] = [];
      const { prefix } = range;
      for (const [key, entry] of kept.entries(after ?? prefix)) {
        if (!key.startsWith(prefix) || found.length >= limit) break;
        if (key !== after) found.push(entry);
      }
      return found;
    },
    onEvents(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    shardOf: (key) => kept.get(key)?.shard,
    sizes: () => ({ entries: kept.size, bytes }),
  };
}

/** Several handlers of one feed as one. */
export function joinFeedHandlers(feedHandlers: readonly FeedHandler[]): FeedHandler {
  return {
    apply(shard, entries) {
      for (const feedHandler of feedHandlers) feedHandler.apply(shard, entries);
    },
    begin(shard) {
      const snapshots = feedHandlers.map((feedHandler) => feedHandler.begin(shard));
      return {
        add(entries) {
          for (const snapshot of snapshots) snapshot.add(entries);
        },
        end() {
          for (const snapshot of snapshots) snapshot.end();
        },
      };
    },
    removed(shard) {
      for (const feedHandler of feedHandlers) feedHandler.removed(shard);
    },
  };
}
