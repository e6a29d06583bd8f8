/** Watches over all shards, as one stream in one order. */

import type { Revision } from '@kcp-ts/api';
import { formatResourceVersion, mergedShardNumber, parseResourceVersion, StatusError } from '@kcp-ts/api';
import type { ListOptions } from '@kcp-ts/apiserver';
import { oldestRevision } from '@kcp-ts/apiserver';
import { every } from '@kcp-ts/base';
import type { BodyStream, Exchange } from '@kcp-ts/http';
import { unavailable } from '../backends/backends.ts';
import type { ShardRecord } from '../membership/membership.ts';
import { awaitClock, consistentListRevision } from '../merge/list-revision.ts';
import type { MergedHandler, MergedWatch } from '../merge/merged-watch.ts';
import { createMergedWatch } from '../merge/merged-watch.ts';
import type { Position } from '../merge/resume.ts';
import type { MergeDependencies, MergedRequest } from './merged-request.ts';
import { agreeMs, mayBeLate, missingWarnings, restOfQuery } from './merged-request.ts';
import type { WatchHead } from './upstream-watches.ts';

/**
 * As a shard: a watch without timeoutSeconds ends after 30 to 60 minutes, so that clients spread
 * over replicas.
 */
const timeoutMsMin = 30 * 60_000;
const bookmarkMs = 30_000;

interface Start {
  readonly from: Position;
  /** The state first. */
  readonly initial: boolean;
}

async function startOf(deps: MergeDependencies, request: MergedRequest, options: ListOptions): Promise<Start> {
  const { clock, shards } = deps;
  const anyState = options.revision === undefined || options.revision === 0;
  const initial = options.sendInitialEvents ?? anyState;
  if (!anyState && !initial) {
    if (options.revision !== undefined && options.revision <= oldestRevision)
      throw StatusError.expired(`too old resource version: ${options.revision}`);
    const from = parseResourceVersion(request.query.get('resourceVersion') ?? '');
    if (from === undefined) throw StatusError.badRequest('invalid resource version');
    await awaitClock(clock, from.revision);
    return { from, initial };
  }
  const atLeast = anyState ? undefined : options.revision;
  const { revision } = await consistentListRevision({
    shards: shards.membership,
    progressRequester: shards.progressRequester,
    clock,
    atLeast,
    includes: request.includes,
  });
  return { from: { revision, shard: mergedShardNumber }, initial };
}

function bookmarkLine(kind: string, revision: Revision, end: boolean): Uint8Array {
  const metadata = {
    resourceVersion: formatResourceVersion(revision, mergedShardNumber),
    ...(end ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
  const object = { ...(JSON.parse(kind) as object), metadata };
  return Buffer.from(`{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`);
}

/** One client's watch: its answer begins when the deciding shard has said yes. */
class ClientWatch implements MergedHandler {
  readonly #deps: MergeDependencies;
  readonly #exchange: Exchange;
  readonly #request: MergedRequest;
  readonly #options: ListOptions;
  readonly #begunMs: number;
  readonly #over = new AbortController();
  #merged: MergedWatch | undefined;
  #body: BodyStream | undefined;
  #kind = '{}';
  /** What came before the answer began. */
  #early: (Uint8Array | (() => Uint8Array))[] = [];
  #bookmarked: Revision | undefined;
  #timer: Disposable | undefined;
  #refused: StatusError | undefined;

  constructor(deps: MergeDependencies, exchange: Exchange, request: MergedRequest, options: ListOptions) {
    this.#deps = deps;
    this.#exchange = exchange;
    this.#request = request;
    this.#options = options;
    this.#begunMs = deps.clock.monotonic();
  }

  /** Resolves when it is over. Throws where it cannot begin. */
  async run(start: Start): Promise<void> {
    const { shards, upstreamWatches, clock, random } = this.#deps;
    const { path, query, headers, includes, decider } = this.#request;
    const upstream = { path, query: restOfQuery(query), headers };
    const over = new Promise<void>((resolve) => this.#over.signal.addEventListener('abort', () => resolve()));
    this.#exchange.onClose(() => this.#over.abort());
    this.#bookmarked = start.from.revision;
    using merged = createMergedWatch({
      shards: shards.membership,
      progressRequester: shards.progressRequester,
      clock,
      includes,
      handler: this,
      emitted: this.#deps.emitted,
      ...start,
      open: (shard, after, initial, handlers) =>
        upstreamWatches.open(upstream, shard, after, initial, {
          ...handlers,
          head: (answer) => this.#head(shard, answer),
        }),
    });
    this.#merged = merged;
    const none = !shards.membership.current().shards.some((shard) => includes(shard));
    if (none && decider === undefined) throw unavailable();
    // Where no shard is merged, one still says whether this may be watched, and what it is.
    using asked =
      none && decider !== undefined
        ? upstreamWatches.open(upstream, decider, start.from.revision, false, {
            head: (answer) => this.#head(decider, answer),
            frames: () => undefined,
            end: () => undefined,
          })
        : undefined;
    const timeoutMs = this.#options.timeoutMs ?? timeoutMsMin + random.integer(timeoutMsMin);
    using timer = clock.setTimer(timeoutMs, () => this.end(undefined));
    this.#bookmarkSoon();
    await over;
    this.#timer?.[Symbol.dispose]();
    void [asked, timer];
  }

  #head(shard: ShardRecord, answer: WatchHead | StatusError): void {
    if (this.#body !== undefined || this.#over.signal.aborted) return;
    const { decider } = this.#request;
    const decides = decider === undefined || shard.name === decider.name || !this.#isMerged(decider);
    if (!(answer instanceof StatusError)) {
      if (decides) this.#begin(answer);
      return;
    }
    const late = this.#deps.clock.monotonic() - this.#begunMs <= agreeMs;
    if (decides && (!mayBeLate(answer.code) || shard.name === decider?.name || !late)) this.end(answer);
  }

  #isMerged(shard: ShardRecord): boolean {
    return this.#request.includes(shard) && this.#deps.shards.byName(shard.name)?.excludedAt === undefined;
  }

  #begin({ kind }: WatchHead): void {
    this.#kind = kind;
    const shards = this.#deps.shards.membership.current().shards.filter((shard) => this.#request.includes(shard));
    const missing = shards.filter(({ alive, excludedAt }) => !alive || excludedAt !== undefined);
    const exchange = this.#exchange;
    const headers = {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...(missing.length === 0 ? {} : { warning: missingWarnings(missing) }),
    };
    const body = exchange.webSocket?.() ?? exchange.stream(200, headers);
    this.#body = body;
    body.onDrain(() => this.#merged?.drained());
    for (const bytes of this.#early) body.write(typeof bytes === 'function' ? bytes() : bytes);
    this.#early = [];
    this.#merged?.drained();
  }

  #write(bytes: Uint8Array): boolean {
    if (this.#body !== undefined) return this.#body.write(bytes);
    this.#early.push(bytes);
    return false;
  }

  events(events: Parameters<MergedHandler['events']>[0]): boolean {
    let flowing = true;
    for (const { payload } of events) flowing = this.#write(payload) && flowing;
    return flowing;
  }

  started(revision: Revision): void {
    if (this.#options.sendInitialEvents !== true || !this.#options.bookmarks) return;
    this.#bookmarked = revision;
    // What it is called is only known when a shard has answered.
    const line = () => bookmarkLine(this.#kind, revision, true);
    if (this.#body === undefined) this.#early.push(line);
    else this.#body.write(line());
  }

  #bookmarkSoon(): void {
    if (!this.#options.bookmarks) return;
    this.#timer = every(this.#deps.clock, bookmarkMs, () => {
      const revision = this.#merged?.position();
      if (revision !== undefined && revision !== this.#bookmarked && this.#body?.bufferedBytes === 0) {
        this.#bookmarked = revision;
        this.#body.write(bookmarkLine(this.#kind, revision, false));
      }
    });
  }

  end(error: StatusError | undefined): void {
    if (this.#over.signal.aborted) return;
    const body = this.#body;
    if (body === undefined) this.#refused = error ?? unavailable();
    else {
      if (error !== undefined)
        body.write(Buffer.from(`{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}\n`));
      body.end();
    }
    this.#over.abort();
  }

  /** Why it ended before it began. */
  refused(): StatusError | undefined {
    return this.#refused;
  }
}

/**
 * Resolves when the watch is over. Throws a StatusError, also a shard's own, where it cannot begin.
 * `running`: those that a drain ends.
 */
export async function handleMergedWatch(
  deps: MergeDependencies,
  exchange: Exchange,
  request: MergedRequest,
  options: ListOptions,
  running: Set<{ end(error: undefined): void }>,
): Promise<void> {
  const start = await startOf(deps, request, options);
  if (exchange.closed) return;
  const watch = new ClientWatch(deps, exchange, request, options);
  running.add(watch);
  try {
    await watch.run(start);
  } finally {
    running.delete(watch);
  }
  const refused = watch.refused();
  if (refused !== undefined) throw refused;
}
