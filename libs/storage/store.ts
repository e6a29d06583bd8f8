/**
 * The interface of storage: keys, bytes and revisions, with etcd's meaning. Every engine keeps a
 * local, multi-version copy of what it owns, so reads are synchronous and never wait; only a commit
 * waits, for durability. Losing a race is an answer, not an exception.
 *
 * A key has six segments, `group/resource/identity/cluster/namespace/name` (`core` for the core
 * group, `-` where there is no identity, an empty namespace for what is cluster-scoped). Entries
 * are kept in two orders: by that key, and by `cluster/namespace/…`, so that a resource over all
 * clusters and everything of one cluster (or of one namespace) are both ranges.
 */
import type { LogicalClusterName, Revision } from '@kcp-ts/api';

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: Revision;
  /** The revision that created this incarnation of the key. */
  readonly createRevision: Revision;
  /**
   * Encrypted at rest in another way than it would be now, or not at all: a write that changes
   * nothing writes it all the same. Absent where it is not.
   */
  readonly stale?: true | undefined;
}

/** An entry without its value. */
export type EntryHead = Pick<Entry, 'revision' | 'createRevision'>;

/**
 * What a put or delete expects of its key: the exact revision, that there is none, or nothing in
 * particular.
 */
export type Expectation = Revision | 'absent' | 'any';

export type Operation =
  | {
      readonly op: 'put';
      readonly key: string;
      readonly expect: Expectation;
      /**
       * Called exactly once, synchronously, when all preconditions of the commit hold: the value
       * may contain its own revision.
       */
      readonly value: (revision: Revision) => Uint8Array;
      /**
       * Milliseconds since the epoch after which the engine's owner deletes the key by an ordinary
       * commit. `kept`: when what is replaced would have expired; never, when absent.
       */
      readonly expiresAt?: number | 'kept' | undefined;
    }
  | { readonly op: 'delete'; readonly key: string; readonly expect: Exclude<Expectation, 'absent'> }
  /**
   * Relies on an incarnation without writing it: a namespace, a logical cluster, a CRD. `absent`:
   * that there is none.
   */
  | { readonly op: 'check'; readonly key: string; readonly createRevision: Revision | 'absent' }
  /**
   * Relies on the very state of a key that a decision was made on. `absent`: that there is none.
   */
  | { readonly op: 'same'; readonly key: string; readonly revision: Revision | 'absent' }
  /**
   * Relies on a set: nothing in it was written after a revision. Made by `Store.unchanged`; `key`
   * is how the store calls the set.
   */
  | { readonly op: 'unchanged'; readonly key: string; readonly since: Revision };

export type UnchangedCondition = Extract<Operation, { op: 'unchanged' }>;

/** What a commit can rely on as a whole: a resource of one cluster, or all of a cluster. */
export type SetRange =
  /** Four whole segments of keys, `group/resource/identity/cluster/`. */
  { readonly prefix: string } | { readonly cluster: LogicalClusterName };

export type CommitResult =
  /**
   * `entries`: one per put in the order of the operations, durable now. `revision`: the largest.
   */
  | { readonly status: 'committed'; readonly revision: Revision; readonly entries: readonly Entry[] }
  /**
   * Nothing was written. `current` is the key's newest state, also where it is not durable yet.
   * Where a set has changed, `key` is the one that was written there last.
   */
  | { readonly status: 'conflict'; readonly index: number; readonly key: string; readonly current: Entry | undefined };

export type Range =
  /**
   * Keys that start with these whole segments, ending in `/`: `core/configmaps/-/`,
   * `core/configmaps/-/root/default/`. '' is everything.
   */
  | { readonly prefix: string }
  /** Everything of one cluster, or of one of its namespaces ('' is what is cluster-scoped). */
  | { readonly cluster: LogicalClusterName; readonly namespace?: string };

export interface ListOptions {
  /**
   * The revision to read at; the newest durable one when absent. Below the floor of history: throws
   * StatusError Expired.
   */
  readonly at?: Revision | undefined;
  /** Go on behind this key (the last one of the page before). */
  readonly after?: string | undefined;
  /** At most this many entries. */
  readonly limit?: number | undefined;
  /** The page ends with the entry that brings its values to this many bytes. */
  readonly bytesMax?: number | undefined;
}

export interface ListPage {
  readonly entries: readonly Entry[];
  /** All entries are as of this revision. */
  readonly revision: Revision;
  readonly more: boolean;
}

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  /** The new value; of a deletion, the last one. */
  readonly value: Uint8Array;
  /** What was there before; absent where the key was created. */
  readonly previous: { readonly value: Uint8Array; readonly revision: Revision } | undefined;
}

export interface Store extends AsyncDisposable {
  /** The newest durable entry. */
  get(key: string): Entry | undefined;
  /**
   * The newest state including commits that are not durable yet: only to decide what to write,
   * never to answer a client.
   */
  peek(key: string): Entry | undefined;
  /**
   * Revisions of the newest durable entry, without a copy of its value: whether a key exists, or
   * what was read of it is still so.
   */
  head(key: string): EntryHead | undefined;
  /** As `head`, of what `peek` sees. */
  peekHead(key: string): EntryHead | undefined;
  /**
   * One consistent page; yields to the event loop at least every 10 ms. Entries of a cluster range
   * come in cluster order.
   */
  list(range: Range, options?: ListOptions): Promise<ListPage>;
  /**
   * At most `limit` newest durable entries, those behind the key `after` where there is one,
   * without waiting: for small ranges (a workspace's bindings).
   */
  scan(range: Range, limit: number, after?: string): readonly Entry[];
  /**
   * At most `limit` durable events of a range after a revision, the oldest first, without waiting:
   * for small ranges. Throws StatusError Expired as `history`.
   */
  recent(range: Range, after: Revision, limit: number): readonly StoreEvent[];
  /** How many entries a range has at a revision, at most `atMost`. Yields like `list`. */
  count(
    range: Range,
    options?: {
      readonly at?: Revision | undefined;
      readonly after?: string | undefined;
      readonly atMost?: number | undefined;
    },
  ): Promise<number>;
  /**
   * All or nothing. Preconditions are decided synchronously, in the order of calls, against
   * everything committed or pending; each put and delete gets a revision of its own, in order.
   * Resolves when durable, what it relied on or was refused for included, and after every
   * subscriber was called. A key at most once. Throws StatusError RequestEntityTooLarge for a value
   * over `valueBytesMax`, and for several that are over `commitBytesMax` together.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>;
  /**
   * The condition that nothing of a set is written from now on until the commit that carries it,
   * what is pending included: for decisions on what `scan` and `list` find in the same turn. A
   * commit may be refused for it without reason, and then has to look again.
   */
  unchanged(set: SetRange): UnchangedCondition;
  /**
   * Called with each durable commit's events, in revision order, synchronously, before the commit
   * is acknowledged. Must not throw.
   */
  subscribe(listener: (events: readonly StoreEvent[]) => void): Disposable;
  /**
   * Past events of a range in (`after`, `upTo`], in revision order, in batches; yields. Throws
   * StatusError Expired when `after` is below the floor.
   */
  history(range: Range, after: Revision, upTo: Revision): AsyncIterable<readonly StoreEvent[]>;
  /**
   * Every event of a range after a revision: history first, then live, nothing lost or doubled,
   * until `signal` aborts. Throws Expired as `history`.
   */
  watch(range: Range, after: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]>;
  /** The newest durable revision. */
  currentRevision(): Revision;
  /**
   * A promise: everything up to it is known here, and nothing will ever be committed at or below
   * it, also not after a crash. Waits for pending commits; if `past` is given and every pending
   * commit is above it, resolves at once.
   */
  progress(past?: Revision): Promise<Revision>;
  /**
   * Takes note of a revision received from another shard: everything committed or promised from now
   * on is above it. False, and nothing is noted, where it is more than a second beyond the wall
   * clock: a peer's clock is never followed that far.
   */
  observe(revision: Revision): boolean;
  /**
   * Whether a revision lies between everything that earlier incarnations of this store may have
   * promised and the beginning of this one. Nobody has it from this store: a client that has it saw
   * what came after the backup that the store was restored from. (What others' clocks say may lie
   * there all the same.)
   */
  isOfLostIncarnation(revision: Revision): boolean;
  /** Readers and watchers below `floor` get Expired from now on. */
  compact(floor: Revision): Promise<void>;
  /** The oldest revision that can still be read at or resumed from. */
  floor(): Revision;
  /**
   * Why commits are refused now, in words for everybody; undefined where they are taken. After a
   * failure writing is tried again when this is asked, at most once a second.
   */
  fault(): string | undefined;
  /** Of the files that it keeps; 0 for one that is in memory. */
  sizeBytes(): number;
  /**
   * Monotonic counters for metrics: commits flushed, flushes that failed, operations written,
   * bytes.
   */
  statistics(): {
    readonly commits: number;
    readonly flushes: number;
    readonly failures: number;
    readonly operations: number;
    readonly bytes: number;
  };
}

/** One object's bound in every engine: etcd's 1.5 MB request limit less its overhead. */
export const valueBytesMax = 1_500_000;

/**
 * The bound of a commit of several writes in every engine: what their values and, twice, their keys
 * are together.
 */
export const commitBytesMax = 1_500_000;

/**
 * How many keys a commit writes at most, in every engine: etcd takes 128 operations in a
 * transaction, and some are ours. What it relies on is not sent.
 */
export const commitOperationsMax = 120;
