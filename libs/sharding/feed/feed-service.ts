/**
 * What a shard answers its feed consumers by gRPC: everything, what they missed, and progress on
 * demand.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision, StatusError } from '@kcp-ts/api';
import { FeedService } from '@kcp-ts/proto';
import type { RpcCall, RpcHandlers, RpcService } from '@kcp-ts/rpc';
import { RpcError, serviceOf } from '@kcp-ts/rpc';
import type { Store } from '@kcp-ts/storage';
import { answerEach } from './answer-each.ts';
import type { FeedEntry, Project } from './feed.ts';
import { entryOfEvent, toMessage } from './feed.ts';

export interface FeedServiceOptions {
  readonly store: Store;
  readonly shard: string;
  readonly epoch: string;
  readonly project: Project;
  /** The ranges that the feed is made from. */
  readonly prefixes: readonly string[];
  /** The last revision that the feed has said anything of. */
  lastRevision(): Revision;
  /** Makes progress past a revision, and resolves to it. */
  requestProgress(past: Revision): Promise<Revision>;
  /** Throws RpcError for a caller that may not follow. */
  admit(call: RpcCall): void;
}

const pieceEntries = 500;

async function* snapshotEntries({ store, prefixes, project }: FeedServiceOptions, at: Revision) {
  for (const prefix of prefixes) {
    let after: string | undefined;
    for (;;) {
      const page = await store.list({ prefix }, { at, after, limit: pieceEntries });
      const entries = page.entries.flatMap((entry): FeedEntry[] => {
        const projected = project({ type: 'put', key: entry.key, value: entry.value, previous: undefined });
        if (projected.kind !== 'put') return [];
        const { key, revision, createRevision } = entry;
        return [{ key, revision, createRevision, value: projected.value }];
      });
      if (entries.length > 0) yield entries;
      after = page.entries.at(-1)?.key ?? after;
      if (!page.more) break;
    }
  }
}

async function* fetchEntries({ store, project }: FeedServiceOptions, after: Revision, upTo: Revision) {
  for await (const events of store.history({ prefix: '' }, after, upTo)) {
    const entries = events.flatMap((event) => entryOfEvent(event, project(event)) ?? []);
    if (entries.length > 0) yield entries;
  }
}

function isExpired(thrown: unknown): boolean {
  return thrown instanceof StatusError && thrown.reason === 'Expired';
}

export function feedService(options: FeedServiceOptions): RpcService {
  return serviceOf(FeedService, feedHandlers(options));
}

export function feedHandlers(options: FeedServiceOptions): RpcHandlers<typeof FeedService> {
  const { store, epoch } = options;
  const own = (shard: string, call: RpcCall) => {
    options.admit(call);
    if (shard !== options.shard) throw new RpcError('not-found', `this is ${options.shard}, not ${shard}`);
  };
  return {
    async *snapshot({ shard }, call) {
      own(shard, call);
      const revision = store.currentRevision();
      yield { epoch, revision };
      for await (const entries of snapshotEntries(options, revision))
        yield { epoch, revision, entries: entries.map(toMessage) };
    },
    async *fetch({ shard, after }, call) {
      own(shard, call);
      const from = asRevision(after);
      // All that was acknowledged before the question, and no waiting for what is on its way.
      const progress = await store.progress(asRevision(Math.max(from, store.currentRevision())));
      if (from > progress) throw new RpcError('out-of-range', 'the feed consumer is ahead of the shard');
      // What was committed while the promise was made is at or below it, or comes with the feed.
      if (from < options.lastRevision()) {
        try {
          for await (const entries of fetchEntries(options, from, store.currentRevision()))
            yield { epoch, entries: entries.map(toMessage), progress: entries.at(-1)?.revision ?? from };
        } catch (thrown) {
          throw isExpired(thrown) ? new RpcError('out-of-range', 'history does not reach back that far') : thrown;
        }
      }
      yield { epoch, progress };
    },
    async *progress(questions, call) {
      options.admit(call);
      yield* answerEach(questions, async ({ past, id }) => {
        const progress = await options.requestProgress(asRevision(past));
        return { id, progress, lastRevision: store.currentRevision() };
      });
    },
  };
}
