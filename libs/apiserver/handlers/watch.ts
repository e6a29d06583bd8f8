/**
 * Watch: the state first where the client asks for it, then every change in order. A watcher holds no buffer of its own; what it has not taken yet
 * waits in its connection, and beyond a bound the watch ends with 410, for a slow watcher must not hold up others.
 */

import type { BodyStream } from '@kcp-ts/http';
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Range } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';
import { awaitRevision } from '../await-revision.ts';
import type { Bookmarks } from '../bookmarks.ts';
import { answerHeaders } from '../encode/respond.ts';
import { includeObjectOf } from '../encode/views.ts';
import type { ObjectFilter } from '../object-filter.ts';
import { objectFilter } from '../object-filter.ts';
import type { ListOptions } from '../options.ts';
import { readPage } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { FrameEncoder } from '../watch-frames.ts';
import { createFrameEncoder } from '../watch-frames.ts';

/** Without timeoutSeconds a watch ends after 30 to 60 minutes, as Kubernetes does it, so that clients spread over replicas. */
const timeoutMsMin = 30 * 60_000;
const initialPiece = 500;
/** History waits while a watcher has this much unsent. */
const drainBytes = 256 * 1024;

/** Batches that went to several watchers of the same kind are joined once. */
const joinedBatches = new WeakMap<readonly Change[], Map<string, Uint8Array>>();

function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  return frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames);
}

function batchBytes(
  changes: readonly Change[],
  encoder: FrameEncoder,
  filter: ObjectFilter | undefined,
  shareKey: string | undefined,
): Uint8Array | undefined {
  const shared = shareKey === undefined ? undefined : joinedBatches.get(changes)?.get(shareKey);
  if (shared !== undefined) return shared;
  const frames: Uint8Array[] = [];
  for (const change of changes) {
    const frame = encoder.frame(change, filter);
    if (frame !== undefined) frames.push(frame);
  }
  if (frames.length === 0) return undefined;
  const bytes = joinFrames(frames);
  if (shareKey !== undefined) {
    const byKey = joinedBatches.get(changes) ?? new Map<string, Uint8Array>();
    byKey.set(shareKey, bytes);
    joinedBatches.set(changes, byKey);
  }
  return bytes;
}

function errorFrame(error: StatusError): Uint8Array {
  return Buffer.from(`{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}\n`);
}

/** The state at one revision as ADDED events; resolves to that revision. */
async function sendInitial(
  call: ResourceCall,
  body: BodyStream,
  encoder: FrameEncoder,
  filter: ObjectFilter | undefined,
): Promise<Revision> {
  const { needs, scope, served, api, request } = call;
  const ranges = scope.ranges(served, api.namespace);
  let after: string | undefined;
  let at: Revision | undefined;
  for (;;) {
    const page = await readPage(needs.store, served, ranges, { at, after, limit: initialPiece, filter });
    at ??= page.revision;
    after = page.entries.at(-1)?.key ?? after;
    if (page.entries.length > 0) {
      const flowing = body.write(joinFrames(page.entries.map((entry) => encoder.initial(entry.value))));
      if (!flowing && !request.exchange.closed) {
        await new Promise<void>((resolve) => {
          body.onDrain(resolve);
          request.exchange.onClose(resolve);
        });
      }
    }
    if (!page.more || request.exchange.closed) return at;
  }
}

interface WatchPlan {
  readonly filter: ObjectFilter | undefined;
  readonly range: Range;
  readonly initial: boolean;
  readonly from: Revision;
  readonly timeoutMs: number;
}

function planWatch(call: ResourceCall, options: ListOptions): WatchPlan {
  const { needs, scope, served, api } = call;
  const named: ListOptions =
    api.name === ''
      ? options
      : { ...options, fields: [...options.fields, { path: 'metadata.name', operator: '=', value: api.name }] };
  const anyState = options.revision === undefined || options.revision === 0;
  const filter = objectFilter(served, named, scope.guard(served));
  const inRange = scope.watchFilter?.(served, api.namespace);
  return {
    filter: inRange === undefined ? filter : (object) => inRange(object) && filter?.(object) !== false,
    range: scope.watchRange(served, api.namespace),
    initial: options.sendInitialEvents ?? anyState,
    from: options.revision ?? needs.hub.currentRevision(),
    timeoutMs: options.timeoutMs ?? timeoutMsMin + needs.registry.random.integer(timeoutMsMin),
  };
}

export async function handleWatch(call: ResourceCall, options: ListOptions, bookmarks: Bookmarks): Promise<void> {
  const { needs, request, served, media } = call;
  const plan = planWatch(call, options);
  if (plan.from > 0) await awaitRevision(needs, plan.from);
  if (request.exchange.closed) return;
  const encoder = createFrameEncoder({
    served,
    view: media.view,
    includeObject: includeObjectOf(request.query),
    shardNumber: needs.shardNumber,
    now: needs.clock.now,
  });
  const body = request.exchange.stream(200, answerHeaders(request, 'application/json'));
  const stop = new AbortController();
  request.exchange.onClose(() => stop.abort());
  const timer = needs.clock.setTimer(plan.timeoutMs, () => finish());
  let live = false;
  const bookmarked = options.bookmarks ? bookmarks.add((revision) => sendBookmark(revision)) : undefined;
  function finish(error?: StatusError): void {
    if (stop.signal.aborted) return;
    stop.abort();
    if (error !== undefined) body.write(errorFrame(error));
    body.end();
  }
  stop.signal.addEventListener('abort', () => {
    timer[Symbol.dispose]();
    bookmarked?.[Symbol.dispose]();
  });
  function sendBookmark(revision: Revision): void {
    if (live && body.bufferedBytes === 0) body.write(encoder.bookmark(revision, false));
  }
  let from = plan.from;
  if (plan.initial) {
    from = await sendInitial(call, body, encoder, plan.filter);
    if (options.sendInitialEvents === true && options.bookmarks) body.write(encoder.bookmark(from, true));
  }
  const shareKey =
    plan.filter === undefined && media.view !== 'table' ? `${media.view} ${served.fingerprint}` : undefined;
  needs.hub.follow(
    plan.range,
    from,
    {
      live() {
        live = true;
      },
      changes(changes) {
        const bytes = batchBytes(changes, encoder, plan.filter, shareKey);
        if (bytes === undefined) return;
        body.write(bytes);
        if (body.bufferedBytes > needs.watchBacklogBytesMax)
          finish(StatusError.expired('The watcher took too long to read its events; start again from a list'));
      },
      drained() {
        if (body.bufferedBytes < drainBytes || request.exchange.closed) return undefined;
        return new Promise<void>((resolve) => {
          body.onDrain(resolve);
          request.exchange.onClose(resolve);
        });
      },
      end: (error) => finish(error),
    },
    stop.signal,
  );
}
