/**
 * The entries of all followed shards, in memory, read like a store. An entry belongs to the shard that it came from: what another shard says of its
 * own never removes it.
 */
import { createRequire } from 'node:module';
import type { Revision } from '@kcp-ts/meta';
import type { Entry, Range, Store, StoreEvent } from '@kcp-ts/storage';
import { clusterOrderOf, compareKeys, compileRange } from '@kcp-ts/storage';
import type SortedMapModule from 'sorted-btree';
import type { FeedEntry, FeedShard, FeedSink } from './feed.ts';

// Node and the tests' runner disagree on what the default of a CommonJS module is; required, it is the same for both.
const { default: BTree } = createRequire(import.meta.url)('sorted-btree') as typeof SortedMapModule;

export interface EntryViewOptions {
  /** Which keys are kept. */
  keep(key: string): boolean;
}

export interface EntryView extends FeedSink, Pick<Store, 'get' | 'scan' | 'subscribe'> {
  /** The shard that an entry came from. */
  shardOf(key: string): FeedShard | undefined;
  /** Everything of one shard, in no order. */
  entriesOf(shard: string): IterableIterator<Entry>;
  statistics(): { readonly entries: number /** Of keys and values. */; readonly bytes: number };
}

interface Kept extends Entry {
  readonly shard: FeedShard;
}

export function createEntryView(options: EntryViewOptions): EntryView {
  return new View(options);
}

class View implements EntryView {
  readonly #keep: (key: string) => boolean;
  readonly #byKey = new BTree<string, Kept>(undefined, compareKeys);
  readonly #byCluster = new BTree<string, Kept>(undefined, compareKeys);
  readonly #entries = new Map<string, Kept>();
  readonly #listeners = new Set<(events: readonly StoreEvent[]) => void>();
  #bytes = 0;

  constructor({ keep }: EntryViewOptions) {
    this.#keep = keep;
  }

  apply(shard: FeedShard, entries: readonly FeedEntry[], _upTo: Revision): void {
    const events: StoreEvent[] = [];
    for (const entry of entries) if (this.#keep(entry.key)) this.#change(shard, entry, events);
    this.#tell(events);
  }

  begin(shard: FeedShard) {
    const added = new Set<string>();
    return {
      add: (entries: readonly FeedEntry[]): void => {
        for (const { key } of entries) added.add(key);
        this.apply(shard, entries, 0 as Revision);
      },
      end: (upTo: Revision): void => {
        const events: StoreEvent[] = [];
        for (const { key } of this.entriesOf(shard.name)) if (!added.has(key)) this.#remove(shard, key, upTo, events);
        this.#tell(events);
      },
    };
  }

  progress(): void {}

  removed(shard: FeedShard): void {
    const events: StoreEvent[] = [];
    for (const { key, revision } of this.entriesOf(shard.name)) this.#remove(shard, key, revision, events);
    this.#tell(events);
  }

  #change(shard: FeedShard, entry: FeedEntry, events: StoreEvent[]): void {
    const { key, revision, createRevision } = entry;
    if (entry.value === undefined) {
      this.#remove(shard, key, revision, events);
      return;
    }
    const known = this.#entries.get(key);
    if (known?.revision === revision && known.shard.name === shard.name) return;
    // A copy: what came lies in a message or in a piece of a connection's buffer, and would keep all of that.
    const value = Uint8Array.prototype.slice.call(entry.value);
    const kept: Kept = { key, value, revision, createRevision, shard };
    this.#entries.set(key, kept);
    this.#byKey.set(key, kept);
    this.#byCluster.set(clusterOrderOf(key), kept);
    this.#bytes += value.length + (known === undefined ? key.length : -known.value.length);
    const previous = known === undefined ? undefined : { value: known.value, revision: known.revision };
    events.push({ type: 'put', key, revision, createRevision, value, previous });
  }

  #remove(shard: FeedShard, key: string, revision: Revision, events: StoreEvent[]): void {
    const known = this.#entries.get(key);
    if (known === undefined || known.shard.name !== shard.name) return;
    this.#entries.delete(key);
    this.#byKey.delete(key);
    this.#byCluster.delete(clusterOrderOf(key));
    this.#bytes -= key.length + known.value.length;
    const { value, createRevision } = known;
    events.push({
      type: 'delete',
      key,
      revision,
      createRevision,
      value,
      previous: { value, revision: known.revision },
    });
  }

  #tell(events: readonly StoreEvent[]): void {
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  scan(range: Range, limit: number): readonly Entry[] {
    const { order, start, end } = compileRange(range);
    const found: Entry[] = [];
    if (limit <= 0) return found;
    for (const [key, entry] of (order === 'key' ? this.#byKey : this.#byCluster).entries(start)) {
      if (end !== undefined && compareKeys(key, end) >= 0) break;
      found.push(entry);
      if (found.length >= limit) break;
    }
    return found;
  }

  subscribe(listener: (events: readonly StoreEvent[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  shardOf(key: string): FeedShard | undefined {
    return this.#entries.get(key)?.shard;
  }

  *entriesOf(shard: string): IterableIterator<Entry> {
    for (const entry of this.#entries.values()) if (entry.shard.name === shard) yield entry;
  }

  statistics(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes };
  }
}
