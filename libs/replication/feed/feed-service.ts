/** What a shard answers to those who follow its feed and have missed something, or everything. */
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Entry, Store, StoreEvent } from '@kcp-ts/storage';
import type { FeedEntry, FeedMessage, FeedSource, Project, SnapshotChunk } from './feed.ts';
import type { FeedPublisher } from './feed-publisher.ts';

export interface FeedServiceNeeds {
  readonly store: Store;
  readonly publisher: FeedPublisher;
  readonly project: Project;
  /** The ranges of the store that the projection lets anything out of, as prefixes of keys. */
  readonly prefixes: readonly string[];
}

/** Bounds of one piece of an answer. */
const pieceEntriesMax = 500;
const pieceBytesMax = 256_000;
/** Who has missed more than this takes a snapshot: changes are sorted in memory. */
const missedEventsMax = 20_000;

export function createFeedService({ store, publisher, project, prefixes }: FeedServiceNeeds): FeedSource {
  const { epoch, shard } = publisher;

  async function* snapshot(request: { readonly shard: string }, signal: AbortSignal): AsyncIterable<SnapshotChunk> {
    checkShard(request.shard, shard.name);
    const revision = store.currentRevision();
    const piece = createPiece();
    for (const prefix of prefixes) {
      for await (const page of pagesAt(store, prefix, revision)) {
        if (signal.aborted) return;
        for (const { key, value, revision: own, createRevision } of page) {
          const projected = project({ type: 'put', key, value, previous: undefined });
          if (projected.kind !== 'put') continue;
          piece.add({ key, revision: own, createRevision, value: projected.value });
          if (piece.full()) yield { epoch, revision, entries: piece.take(), last: false };
        }
      }
    }
    yield { epoch, revision, entries: piece.take(), last: true };
  }

  async function* fetch(
    request: { readonly shard: string; readonly epoch: string; readonly after: Revision },
    signal: AbortSignal,
  ): AsyncIterable<FeedMessage> {
    checkShard(request.shard, shard.name);
    const upTo = store.currentRevision();
    if (request.epoch !== epoch || request.after > upTo) throw expired();
    const head = { shard: shard.name, shardNumber: shard.number, epoch, fetch: false };
    const piece = createPiece();
    let previous = request.after;
    for (const event of await changes(store, prefixes, request.after, upTo)) {
      if (signal.aborted) return;
      const entry = entryOf(event, project);
      if (entry === undefined) continue;
      piece.add(entry);
      if (!piece.full()) continue;
      yield { ...head, previous, revision: entry.revision, progress: entry.revision, entries: piece.take() };
      previous = entry.revision;
    }
    yield { ...head, previous, revision: upTo, progress: upTo, entries: piece.take() };
  }

  return {
    snapshot,
    fetch,
    async progress(request) {
      checkShard(request.shard, shard.name);
      return await publisher.progress(request.past);
    },
  };
}

function checkShard(asked: string, own: string): void {
  if (asked !== own) throw new StatusError('NotFound', `this is not shard ${JSON.stringify(asked)}`);
}

function expired(): StatusError {
  return new StatusError('Expired', 'the feed cannot go on from there: take a snapshot');
}

async function* pagesAt(store: Store, prefix: string, at: Revision): AsyncIterable<readonly Entry[]> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ prefix }, { at, after, limit: pieceEntriesMax });
    yield page.entries;
    after = page.entries.at(-1)?.key;
    if (!page.more || after === undefined) return;
  }
}

/** The changes of all ranges, in the order of their revisions. Throws Expired for more than a follower should take so. */
async function changes(
  store: Store,
  prefixes: readonly string[],
  after: Revision,
  upTo: Revision,
): Promise<readonly StoreEvent[]> {
  const found: StoreEvent[] = [];
  if (after < store.floor()) throw expired();
  for (const prefix of prefixes) {
    for await (const events of store.history({ prefix }, after, upTo)) {
      for (const event of events) found.push(event);
      if (found.length > missedEventsMax) throw expired();
    }
  }
  return found.sort((a, b) => a.revision - b.revision);
}

function entryOf(event: StoreEvent, project: Project): FeedEntry | undefined {
  const projected = project(event);
  if (projected.kind === 'none') return undefined;
  const { key, revision, createRevision } = event;
  return { key, revision, createRevision, value: projected.kind === 'put' ? projected.value : undefined };
}

function createPiece() {
  let entries: FeedEntry[] = [];
  let bytes = 0;
  return {
    add(entry: FeedEntry): void {
      entries.push(entry);
      bytes += entry.key.length + (entry.value?.length ?? 0);
    },
    full: () => entries.length >= pieceEntriesMax || bytes >= pieceBytesMax,
    take(): readonly FeedEntry[] {
      const taken = entries;
      entries = [];
      bytes = 0;
      return taken;
    },
  };
}
