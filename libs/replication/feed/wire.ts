/** Feeds as bytes. What is read is checked once, here: what is behind it can rely on revisions that are ones. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Revision } from '@kcp-ts/meta';
import { asRevision } from '@kcp-ts/meta';
import type { WireFeedEntry, WireFeedMessage, WireProgressReply, WireSnapshotChunk } from '@kcp-ts/proto';
import { FeedEntrySchema, FeedMessageSchema, ProgressReplySchema, SnapshotChunkSchema } from '@kcp-ts/proto';
import type { FeedEntry, FeedMessage, FeedProgress, SnapshotChunk } from './feed.ts';

export function encodeFeedMessage(message: FeedMessage): Uint8Array {
  return toBinary(FeedMessageSchema, feedMessageToWire(message));
}

/** Throws where the bytes are not a feed message, or its numbers are no revisions. */
export function decodeFeedMessage(bytes: Uint8Array): FeedMessage {
  return feedMessageFromWire(fromBinary(FeedMessageSchema, bytes));
}

export function feedMessageToWire(message: FeedMessage): WireFeedMessage {
  return create(FeedMessageSchema, { ...message, entries: message.entries.map(entryToWire) });
}

export function feedMessageFromWire(wire: WireFeedMessage): FeedMessage {
  const { shard, shardNumber, epoch, fetch } = wire;
  const previous = asRevision(wire.previous);
  const revision = asRevision(wire.revision);
  const entries = wire.entries.map(entryFromWire);
  return { shard, shardNumber, epoch, revision, previous, progress: asRevision(wire.progress), entries, fetch };
}

export function snapshotChunkToWire(chunk: SnapshotChunk): WireSnapshotChunk {
  return create(SnapshotChunkSchema, { ...chunk, entries: chunk.entries.map(entryToWire) });
}

export function snapshotChunkFromWire({ epoch, revision, entries, last }: WireSnapshotChunk): SnapshotChunk {
  return { epoch, revision: asRevision(revision), entries: entries.map(entryFromWire), last };
}

export function progressToWire(progress: FeedProgress): WireProgressReply {
  return create(ProgressReplySchema, { ...progress });
}

export function progressFromWire(wire: WireProgressReply): FeedProgress {
  return {
    epoch: wire.epoch,
    progress: asRevision(wire.progress),
    lastRevision: asRevision(wire.lastRevision),
    feedRevision: asRevision(wire.feedRevision),
  };
}

function entryToWire({ key, revision, createRevision, value }: FeedEntry): WireFeedEntry {
  const wire = create(FeedEntrySchema);
  wire.key = key;
  wire.revision = revision;
  wire.createRevision = createRevision;
  wire.value = value;
  return wire;
}

function entryFromWire(wire: WireFeedEntry): FeedEntry {
  const revision: Revision = asRevision(wire.revision);
  return { key: wire.key, revision, createRevision: asRevision(wire.createRevision), value: wire.value };
}
