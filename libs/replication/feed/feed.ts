/** The words that the two ends of a feed share: what a shard says of its commits, how it is asked for more, and where it goes. */
import type { Revision } from '@kcp-ts/meta';
import type { StoreEvent } from '@kcp-ts/storage';

export interface FeedEntry {
  readonly key: string;
  readonly revision: Revision;
  /** The revision that created this incarnation of the key. */
  readonly createRevision: Revision;
  /** The stored bytes, or a projection of them; undefined where the key was deleted. */
  readonly value: Uint8Array | undefined;
}

export interface FeedMessage {
  readonly shard: string;
  readonly shardNumber: number;
  /** Chosen anew each time a shard begins to publish. */
  readonly epoch: string;
  /** The feed's newest revision; `previous` again where there are no entries. */
  readonly revision: Revision;
  /** The feed's newest revision before this message. */
  readonly previous: Revision;
  /** Everything up to it is in the feed up to this message, and nothing will ever be committed at or below it. */
  readonly progress: Revision;
  readonly entries: readonly FeedEntry[];
  /** The entries are too large to be sent: they are fetched. */
  readonly fetch: boolean;
}

export interface SnapshotChunk {
  readonly epoch: string;
  /** All chunks of a snapshot are of this one revision. */
  readonly revision: Revision;
  readonly entries: readonly FeedEntry[];
  /** A snapshot without a last chunk was cut off. */
  readonly last: boolean;
}

export interface FeedProgress {
  readonly epoch: string;
  readonly progress: Revision;
  /** The newest revision committed. */
  readonly lastRevision: Revision;
  /** Who has the feed up to here has everything up to `progress`. */
  readonly feedRevision: Revision;
}

/** Who can be asked for a shard's feed: the shard, or a service that keeps a copy. Failures are StatusErrors. */
export interface FeedSource {
  /** Everything, as of one revision. */
  snapshot(request: { readonly shard: string }, signal: AbortSignal): AsyncIterable<SnapshotChunk>;
  /**
   * What came after a revision; the last message says how far it reaches. Throws Expired where the feed has another epoch by now, or history does not
   * reach back so far: then a snapshot is due.
   */
  fetch(
    request: { readonly shard: string; readonly epoch: string; readonly after: Revision },
    signal: AbortSignal,
  ): AsyncIterable<FeedMessage>;
  /** How far the shard has come; what it commits from now on is above `past`. */
  progress(request: { readonly shard: string; readonly past: Revision }, signal: AbortSignal): Promise<FeedProgress>;
}

/** What a feed says of a change: nothing, these bytes, or that the key is gone. */
export type Projection =
  | { readonly kind: 'none' }
  | { readonly kind: 'put'; readonly value: Uint8Array }
  | { readonly kind: 'delete' };

/** The list of what may leave a shard. It must say `none` of everything that it does not name. */
export type Project = (event: Pick<StoreEvent, 'type' | 'key' | 'value' | 'previous'>) => Projection;

/** The shard that a feed is of. */
export interface FeedShard {
  readonly name: string;
  readonly number: number;
}

/** Where a follower puts what it hears. Calls for one shard come in the order of its feed. */
export interface FeedSink {
  /** Entries in the order of their revisions; with them everything up to `upTo` is known. */
  apply(shard: FeedShard, entries: readonly FeedEntry[], upTo: Revision): void;
  /** A snapshot begins; one that began before and did not end is given up. */
  begin(shard: FeedShard): SnapshotSink;
  /** Nothing will ever be committed at or below W, and everything up to it was applied. */
  progress(shard: FeedShard, progress: Revision): void;
  /** The shard has left: nothing of it is left either. */
  removed(shard: FeedShard): void;
}

export interface SnapshotSink {
  add(entries: readonly FeedEntry[]): void;
  /** What was there and was not added is gone. */
  end(upTo: Revision): void;
}
