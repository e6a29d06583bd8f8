// Feeds
export type {
  FeedEntry as WireFeedEntry,
  FeedMessage as WireFeedMessage,
  ProgressReply as WireProgressReply,
  SnapshotChunk as WireSnapshotChunk,
} from './gen/feed/v1/feed_pb.ts';
export {
  Feed,
  FeedEntrySchema,
  FeedMessageSchema,
  FetchRequestSchema,
  file_feed_v1_feed,
  ProgressReplySchema,
  ProgressRequestSchema,
  SnapshotChunkSchema,
  SnapshotRequestSchema,
} from './gen/feed/v1/feed_pb.ts';
