/**
 * A shard's feed: what other services must know of its commits, in their order. Each message says
 * what the one before it was, so a feed consumer sees what it has missed and fetches that from the
 * shard; each second (less often while nothing is committed) and with each message the shard says
 * how far the feed is complete. (Order and durability, "Feeds".)
 */

import type { Revision } from '@kcp-ts/api';
import type { FeedEntryMessage } from '@kcp-ts/proto';
import type { StoreEvent } from '@kcp-ts/storage';

export interface FeedEntry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  /** A stored value, or its projection; undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

/** Whose feed it is. */
export interface FeedShard {
  readonly name: string;
  readonly number: number;
}

/** What a feed says of a change. */
export type Projected =
  | { readonly kind: 'none' }
  | { readonly kind: 'put'; readonly value: Uint8Array }
  | { readonly kind: 'delete' };

/** `revision`: of the change; absent for what is read without one. */
export type ProjectedEvent = Pick<StoreEvent, 'type' | 'key' | 'value' | 'previous'> &
  Partial<Pick<StoreEvent, 'revision'>>;

/** Which changes leave the shard, and as what: a list of what may, everything else stays. */
export type Project = (event: ProjectedEvent) => Projected;

/**
 * Where a feed consumer puts what it receives. Called in the feed's order, synchronously; must not
 * throw.
 */
export interface FeedHandler {
  apply(shard: FeedShard, entries: readonly FeedEntry[]): void;
  /** A complete state is about to come: what was there and is not in it is gone. */
  begin(shard: FeedShard): FeedSnapshot;
  /** The shard has left: nothing of it is left. */
  removed(shard: string): void;
}

export interface FeedSnapshot {
  add(entries: readonly FeedEntry[]): void;
  end(): void;
}

/** The subject of a shard's feed on the bus; `*` for all of them. */
export function feedSubject(shardSegment: string): string {
  return `kcp.feed.${shardSegment}`;
}

export function entryOfEvent(event: StoreEvent, projected: Projected): FeedEntry | undefined {
  if (projected.kind === 'none') return undefined;
  const { key, revision, createRevision } = event;
  return { key, revision, createRevision, value: projected.kind === 'put' ? projected.value : undefined };
}

export function toMessage(entry: FeedEntry): {
  key: string;
  revision: number;
  createRevision: number;
  value?: Uint8Array;
} {
  const { key, revision, createRevision, value } = entry;
  return value === undefined ? { key, revision, createRevision } : { key, revision, createRevision, value };
}

export function fromMessage({ key, revision, createRevision, value }: FeedEntryMessage): FeedEntry {
  return { key, revision: revision as Revision, createRevision: createRevision as Revision, value };
}
