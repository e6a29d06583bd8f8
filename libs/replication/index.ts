// Feeds
export type { EntryView, EntryViewOptions } from './feed/entry-view.ts';
export { createEntryView } from './feed/entry-view.ts';
export type {
  FeedEntry,
  FeedMessage,
  FeedProgress,
  FeedShard,
  FeedSink,
  FeedSource,
  Project,
  Projection,
  SnapshotChunk,
  SnapshotSink,
} from './feed/feed.ts';
export type { FeedFollower, FeedFollowerNeeds, FollowedShard } from './feed/feed-follower.ts';
export { createFeedFollower } from './feed/feed-follower.ts';
export type { FeedPublisher, FeedPublisherNeeds } from './feed/feed-publisher.ts';
export { createFeedPublisher } from './feed/feed-publisher.ts';
export type { FeedServiceNeeds } from './feed/feed-service.ts';
export { createFeedService } from './feed/feed-service.ts';
export type { ShardFollowerState } from './feed/shard-follower.ts';
