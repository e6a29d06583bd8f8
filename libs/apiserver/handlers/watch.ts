/**
 * Watch: the state first where the client asks for it, then every change in order. A watcher holds
 * no buffer of its own; what it has not taken yet waits in its connection, and beyond a bound the
 * watch ends with 410, for a slow watcher must not hold up others.
 */

import type { Revision } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { BodyStream } from '@kcp-ts/http';
import type { Range } from '@kcp-ts/storage';
import type { Change, StreamSerializer } from '@kcp-ts/watch';
import { awaitRevision } from '../await-revision.ts';
import type { Bookmarks } from '../bookmarks.ts';
import { protobufType } from '../encode/media.ts';
import { answerHeaders } from '../encode/respond.ts';
import { includeObjectOf } from '../encode/views.ts';
import { refuseFormerIncarnation, refuseLostIncarnation } from '../former-incarnation.ts';
import type { ListOptions } from '../options/list-options.ts';
import type { Progress } from '../progress.ts';
import { readPage } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { SelectorFilter } from '../selector-filter.ts';
import { watchFilter, withinRange } from '../selector-filter.ts';
import type { KeyFilter } from '../view.ts';
import type { FrameEncoder } from '../watch-frames.ts';
import { createFrameEncoder } from '../watch-frames.ts';
import type { WatchOutput } from '../watch-output.ts';
import { createWatchOutput, sharedOutput } from '../watch-output.ts';

/**
 * Without timeoutSeconds a watch ends after 30 to 60 minutes, as Kubernetes does it, so that
 * clients spread over replicas.
 */
const timeoutMsMin = 30 * 60_000;
const initialPiece = 500;
const initialPieceBytes = 512 * 1024;
/** Smaller for protobuf: each object is parsed and encoded. */
const encodedPieceBytes = 64 * 1024;
/** History waits while a watcher has this much unsent. */
const drainBytes = 256 * 1024;

/** The state at one revision as ADDED events. */
async function sendInitial(
  call: ResourceCall,
  body: BodyStream,
  output: WatchOutput,
  filter: SelectorFilter | undefined,
  at: Revision,
): Promise<void> {
  const { deps, storage, served, api, request, media } = call;
  const ranges = storage.ranges(served, api.namespace);
  const keyFilter = storage.keyFilter?.(served);
  const slices = deps.turns.begin();
  const bytesMax = media.format === 'protobuf' ? encodedPieceBytes : initialPieceBytes;
  let after: string | undefined;
  for (;;) {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
    const page = await readPage(deps.store, served, ranges, {
      at,
      after,
      limit: initialPiece,
      bytesMax,
      filter,
      keyFilter,
      slices,
    });
    after = page.entries.at(-1)?.key ?? after;
    if (page.entries.length > 0) {
      const flowing = body.write(
        output.initial(
          page.entries.map((entry) => entry.value),
          at,
        ),
      );
      if (!flowing && !request.exchange.closed) {
        await new Promise<void>((resolve) => {
          body.onDrain(resolve);
          request.exchange.onClose(resolve);
        });
      }
    }
    if (!page.more || request.exchange.closed) return;
  }
}

interface WatchPlan {
  readonly filter: SelectorFilter | undefined;
  readonly keyFilter: KeyFilter | undefined;
  readonly range: Range;
  readonly initial: boolean;
  readonly from: Revision;
  /** What it begins with, once that is known. */
  listedAt: Revision | undefined;
  readonly timeoutMs: number;
}

function planWatch(call: ResourceCall, options: ListOptions): WatchPlan {
  const { deps, storage, served, api } = call;
  const named: ListOptions =
    api.name === ''
      ? options
      : { ...options, fields: [...options.fields, { path: 'metadata.name', operator: '=', value: api.name }] };
  const anyState = options.revision === undefined || options.revision === 0;
  const filter = watchFilter(served, named, storage.objectFilter(served), () => plan.listedAt);
  const inRange = storage.watchFilter?.(served, api.namespace);
  const plan: WatchPlan = {
    filter: inRange === undefined ? filter : withinRange(inRange, filter),
    keyFilter: storage.keyFilter?.(served),
    range: storage.watchRange(served, api.namespace),
    initial: options.sendInitialEvents ?? anyState,
    from: options.revision ?? deps.hub.currentRevision(),
    listedAt: undefined,
    timeoutMs: options.timeoutMs ?? timeoutMsMin + deps.registry.random.integer(timeoutMsMin),
  };
  return plan;
}

/**
 * Those of a batch that a watch is about: mostly all, and then the batch itself, whose bytes are
 * shared with other watches. Throws Expired where that is not known.
 */
function belonging(changes: readonly Change[], keyFilter: KeyFilter | undefined): readonly Change[] {
  if (keyFilter === undefined) return changes;
  const included = changes.map(({ event }) => keyFilter.includesEvent(event));
  if (included.includes('unknown'))
    throw StatusError.expired('What was shown before the last restart is not known any more; start again from a list');
  return included.includes(false) ? changes.filter((_change, index) => included[index] === true) : changes;
}

export interface WatchTellers {
  readonly bookmarks: Bookmarks;
  readonly progress: Progress;
}

function outputOf(
  { served, media }: ResourceCall,
  plan: WatchPlan,
  encoder: FrameEncoder,
  stream: StreamSerializer | undefined,
): WatchOutput {
  const output = createWatchOutput(encoder, stream);
  if (plan.filter !== undefined || media.view === 'table') return output;
  return sharedOutput(output, `${stream?.mediaType} ${media.format} ${media.view} ${served.fingerprint}`);
}

const watchTypes = { json: 'application/json', protobuf: `${protobufType};stream=watch` } as const;

/** Watches have no YAML form: such clients get JSON. */
function formatOf({ media }: ResourceCall): keyof typeof watchTypes {
  return media.format === 'protobuf' ? 'protobuf' : 'json';
}

function headersOf(
  call: ResourceCall,
  encoder: FrameEncoder,
  stream: StreamSerializer | undefined,
): Record<string, string | string[]> {
  if (stream === undefined) return answerHeaders(call.request, watchTypes[formatOf(call)]);
  return { ...answerHeaders(call.request, stream.mediaType), ...stream.headers(encoder.kind) };
}

export async function handleWatch(
  call: ResourceCall,
  options: ListOptions,
  stream: StreamSerializer | undefined,
  tellers: WatchTellers,
): Promise<void> {
  const { deps, request, served, media } = call;
  const plan = planWatch(call, options);
  if (plan.initial) await request.exchange.pause();
  // A merged watch begins at a revision of any shard.
  if (!plan.initial && stream === undefined) refuseLostIncarnation(call);
  if (plan.from > 0) await awaitRevision(deps, plan.from);
  refuseFormerIncarnation(call, options.revision);
  if (request.exchange.closed) return;
  const encoder = createFrameEncoder({
    served,
    view: media.view,
    format: formatOf(call),
    protobuf: deps.protobuf,
    includeObject: includeObjectOf(request.query),
    shardNumber: deps.shardNumber,
    now: deps.clock.now,
  });
  const output = outputOf(call, plan, encoder, stream);
  const { exchange } = request;
  const body = exchange.webSocket?.() ?? exchange.stream(200, headersOf(call, encoder, stream));
  const stop = new AbortController();
  request.exchange.onClose(() => stop.abort());
  const timer = deps.clock.setTimer(plan.timeoutMs, () => finish());
  let live = false;
  const reporting =
    stream !== undefined
      ? tellers.progress.add(sendProgress)
      : options.bookmarks
        ? tellers.bookmarks.add(sendBookmark)
        : undefined;
  function finish(error?: StatusError): void {
    if (stop.signal.aborted) return;
    stop.abort();
    if (error !== undefined) body.write(output.error(error));
    body.end();
  }
  stop.signal.addEventListener('abort', () => {
    timer[Symbol.dispose]();
    reporting?.[Symbol.dispose]();
  });
  function sendBookmark(revision: Revision): void {
    if (live && body.bufferedBytes === 0) body.write(encoder.bookmark(revision, false));
  }
  function sendProgress(revision: Revision): void {
    if (live && stream !== undefined) body.write(stream.progress(revision));
  }
  let from = plan.from;
  if (plan.initial) {
    // Several shards are merged as of one revision.
    if (stream === undefined || from === 0) from = deps.hub.currentRevision();
    plan.listedAt = from;
    try {
      await sendInitial(call, body, output, plan.filter, from);
    } catch (thrown) {
      // The answer has begun: the client gets the error in it, and does not wait for the rest.
      finish(StatusError.from(thrown));
      return;
    }
    if (stream !== undefined) body.write(stream.progress(from));
    else if (options.sendInitialEvents === true && options.bookmarks) body.write(encoder.bookmark(from, true));
  }
  deps.hub.follow(
    plan.range,
    from,
    {
      live() {
        live = true;
        if (stream !== undefined) deps.hub.progress().then(sendProgress, () => undefined);
      },
      changes(changes) {
        const bytes = output.changes(belonging(changes, plan.keyFilter), plan.filter);
        if (bytes === undefined) return;
        body.write(bytes);
        if (body.bufferedBytes > deps.watchBacklogBytesMax)
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
