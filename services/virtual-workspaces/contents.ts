/** The framed watches that this service holds at the shards: opened for merged streams, and given up when a shard has gone silent. */

import type { Revision } from '@kcp-ts/api';
import { formatResourceVersion, revisionZero, type StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { UpstreamAnswer } from '@kcp-ts/http';
import type { Backends, ContentHandlers, ContentStream, ShardRecord } from '@kcp-ts/sharding';
import type { WatchFrame } from '@kcp-ts/watch';
import { createWatchFrameReader, framedAcceptHeader, framedWatchType, watchedKindHeader } from '@kcp-ts/watch';
import type { RequestHeaders } from './identity.ts';
import { readAll, statusErrorOf } from './read-answer.ts';

export interface WatchQuestion {
  readonly path: string;
  /** Without what says where the watch begins. */
  readonly query: URLSearchParams;
  readonly headers: RequestHeaders;
}

export interface ContentHead {
  /** What bookmarks are called. */
  readonly kind: string;
}

export interface Contents extends Disposable {
  /** `head`: told how the shard answered, before anything else. */
  open(
    question: WatchQuestion,
    shard: ShardRecord,
    after: Revision,
    initial: boolean,
    handlers: ContentHandlers & { head(answer: ContentHead | StatusError): void },
  ): ContentStream;
  /** The progress of a shard that all streams of it here have seen. */
  progressOf(shard: string): Revision | undefined;
  size(): number;
}

interface Content {
  readonly shard: string;
  progress: Revision;
  heardMs: number;
  paused: boolean;
  giveUp(): void;
}

/** A shard says its progress once a second; one that is silent for this long is not there. */
const silentMs = 4_000;
const lookMs = 1_000;

function queryOf(question: WatchQuestion, shard: ShardRecord, after: Revision, initial: boolean): string {
  const query = new URLSearchParams(question.query);
  query.set('watch', 'true');
  query.set('resourceVersion', formatResourceVersion(after, shard.number));
  if (initial) {
    query.set('sendInitialEvents', 'true');
    query.set('resourceVersionMatch', 'NotOlderThan');
  }
  return query.toString();
}

function headersOf({ headers }: WatchQuestion, shard: string): Record<string, string | string[]> {
  const all = headers(shard);
  const { accept } = all;
  delete all['accept-encoding'];
  return { ...all, accept: framedWatchType, [framedAcceptHeader]: accept ?? 'application/json' };
}

export function createContents(backends: Pick<Backends, 'request'>, clock: Clock): Contents {
  const open = new Set<Content>();

  function look(): void {
    const now = clock.monotonic();
    for (const content of open) if (!content.paused && now - content.heardMs > silentMs) content.giveUp();
  }
  const timer = every(clock, lookMs, look);

  return {
    open(question, shard, after, initial, handlers) {
      const abort = new AbortController();
      let body: UpstreamAnswer['body'] | undefined;
      let over = false;
      const content: Content = {
        shard: shard.name,
        progress: revisionZero,
        heardMs: clock.monotonic(),
        paused: false,
        giveUp: () => finish(undefined),
      };
      open.add(content);
      function close(): void {
        over = true;
        open.delete(content);
        abort.abort();
      }
      function finish(error: StatusError | undefined): void {
        if (over) return;
        close();
        handlers.end(error);
      }
      function take(frames: readonly WatchFrame[]): void {
        const failure = frames.find(({ type }) => type === 'error');
        const good = failure === undefined ? frames : frames.slice(0, frames.indexOf(failure));
        if (good.length > 0) {
          content.progress = good.at(-1)?.revision ?? content.progress;
          handlers.frames(good);
        }
        if (failure !== undefined) finish(statusErrorOf(Buffer.from(failure.payload).toString('utf8')));
      }
      async function run(): Promise<void> {
        const path = `${question.path}?${queryOf(question, shard, after, initial)}`;
        const answer = await backends.request(shard.baseUrl, path, headersOf(question, shard.name), abort.signal);
        if (over) return;
        content.heardMs = clock.monotonic();
        if (answer.status !== 200) {
          const error = statusErrorOf((await readAll(answer.body)).toString('utf8'), answer.status);
          handlers.head(error);
          // What a shard refuses for good ends the stream; what it may not know yet is asked again.
          finish(error.code === 410 || error.code === 400 ? error : undefined);
          return;
        }
        handlers.head({ kind: String(answer.headers[watchedKindHeader] ?? '{}') });
        const reader = createWatchFrameReader();
        body = answer.body;
        body.on('data', (chunk: Buffer) => {
          if (over) return;
          content.heardMs = clock.monotonic();
          take(reader.push(chunk));
        });
        body.on('close', () => finish(undefined));
        body.on('error', () => finish(undefined));
        if (content.paused) body.pause();
      }
      run().catch(() => finish(undefined));
      return {
        pause() {
          content.paused = true;
          body?.pause();
        },
        resume() {
          content.paused = false;
          content.heardMs = clock.monotonic();
          body?.resume();
        },
        [Symbol.dispose]: close,
      };
    },
    progressOf(shard) {
      let least: Revision | undefined;
      for (const content of open) {
        if (content.shard !== shard || content.progress === revisionZero) continue;
        if (least === undefined || content.progress < least) least = content.progress;
      }
      return least;
    },
    size: () => open.size,
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      for (const content of [...open]) content.giveUp();
    },
  };
}
