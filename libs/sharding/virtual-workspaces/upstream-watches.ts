/**
 * The framed watches that a replica holds at the shards: opened for merged streams, and given up
 * when a shard has gone silent.
 */

import type { Revision } from '@kcp-ts/api';
import { formatResourceVersion, revisionZero, type StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { UpstreamAnswer } from '@kcp-ts/http';
import type { Backends } from '../backends/backends.ts';
import type { ShardRecord } from '../membership/membership.ts';
import type { WatchFrame } from '../merge/frames.ts';
import { createWatchFrameReader, framedAcceptHeader, framedWatchType, watchedKindHeader } from '../merge/frames.ts';
import type { UpstreamWatch, UpstreamWatchHandlers } from '../merge/upstream-watch.ts';
import type { RequestHeaders } from './caller.ts';
import { readAll, statusErrorOf } from './shard-answer.ts';

export interface WatchRequest {
  readonly path: string;
  /** Without what says where the watch begins. */
  readonly query: URLSearchParams;
  readonly headers: RequestHeaders;
}

export interface WatchHead {
  /** What bookmarks are called. */
  readonly kind: string;
}

export interface UpstreamWatches extends Disposable {
  /** `head` is called with how the shard answered, before any other handler. */
  open(
    request: WatchRequest,
    shard: ShardRecord,
    after: Revision,
    initial: boolean,
    handlers: UpstreamWatchHandlers & { head(answer: WatchHead | StatusError): void },
  ): UpstreamWatch;
  /** The progress of a shard that all streams of it here have seen. */
  progressOf(shard: string): Revision | undefined;
  size(): number;
}

interface OpenWatch {
  readonly shard: string;
  progress: Revision;
  lastReadMs: number;
  paused: boolean;
  giveUp(): void;
}

/** A shard says its progress once a second; one that is silent for this long is not there. */
const silentMs = 4_000;
const checkMs = 1_000;

function queryOf(request: WatchRequest, shard: ShardRecord, after: Revision, initial: boolean): string {
  const query = new URLSearchParams(request.query);
  query.set('watch', 'true');
  query.set('resourceVersion', formatResourceVersion(after, shard.number));
  if (initial) {
    query.set('sendInitialEvents', 'true');
    query.set('resourceVersionMatch', 'NotOlderThan');
  }
  return query.toString();
}

function headersOf({ headers }: WatchRequest, shard: string): Record<string, string | string[]> {
  const all = headers(shard);
  const { accept } = all;
  delete all['accept-encoding'];
  return { ...all, accept: framedWatchType, [framedAcceptHeader]: accept ?? 'application/json' };
}

/** Undefined for bytes that are no frames: what follows cannot be read either. */
function framesOf(reader: ReturnType<typeof createWatchFrameReader>, chunk: Buffer): readonly WatchFrame[] | undefined {
  try {
    return reader.push(chunk);
  } catch {
    return undefined;
  }
}

export function createUpstreamWatches(backends: Pick<Backends, 'request'>, clock: Clock): UpstreamWatches {
  const open = new Set<OpenWatch>();

  function endSilent(): void {
    const now = clock.monotonic();
    for (const watch of open) if (!watch.paused && now - watch.lastReadMs > silentMs) watch.giveUp();
  }
  const timer = every(clock, checkMs, endSilent);

  return {
    open(request, shard, after, initial, handlers) {
      const abort = new AbortController();
      let body: UpstreamAnswer['body'] | undefined;
      let over = false;
      const watch: OpenWatch = {
        shard: shard.name,
        progress: revisionZero,
        lastReadMs: clock.monotonic(),
        paused: false,
        giveUp: () => finish(undefined),
      };
      open.add(watch);
      function close(): void {
        over = true;
        open.delete(watch);
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
          watch.progress = good.at(-1)?.revision ?? watch.progress;
          handlers.frames(good);
        }
        if (failure !== undefined) finish(statusErrorOf(Buffer.from(failure.payload).toString('utf8')));
      }
      async function run(): Promise<void> {
        const path = `${request.path}?${queryOf(request, shard, after, initial)}`;
        const answer = await backends.request(shard.baseUrl, path, headersOf(request, shard.name), abort.signal);
        if (over) return;
        watch.lastReadMs = clock.monotonic();
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
          watch.lastReadMs = clock.monotonic();
          const frames = framesOf(reader, chunk);
          if (frames === undefined) return finish(undefined);
          take(frames);
        });
        body.on('close', () => finish(undefined));
        body.on('error', () => finish(undefined));
        if (watch.paused) body.pause();
      }
      run().catch(() => finish(undefined));
      return {
        pause() {
          watch.paused = true;
          body?.pause();
        },
        resume() {
          watch.paused = false;
          watch.lastReadMs = clock.monotonic();
          body?.resume();
        },
        [Symbol.dispose]: close,
      };
    },
    progressOf(shard) {
      let least: Revision | undefined;
      for (const watch of open) {
        if (watch.shard !== shard || watch.progress === revisionZero) continue;
        if (least === undefined || watch.progress < least) least = watch.progress;
      }
      return least;
    },
    size: () => open.size,
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      for (const watch of [...open]) watch.giveUp();
    },
  };
}
