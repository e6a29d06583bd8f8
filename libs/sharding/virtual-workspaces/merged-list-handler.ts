/** Lists over all shards: each shard's own list at one revision, put together byte for byte. */

import type { Revision } from '@kcp-ts/api';
import { asRevision, formatResourceVersion, mergedShardNumber, StatusError } from '@kcp-ts/api';
import type { ListOptions } from '@kcp-ts/apiserver';
import { pauseOn } from '@kcp-ts/base';
import type { Exchange, UpstreamAnswer } from '@kcp-ts/http';
import { unavailable } from '../backends/backends.ts';
import type { ShardRecord } from '../membership/membership.ts';
import { assertAllThere, awaitClock, awaitMembership, consistentListRevision } from '../merge/list-revision.ts';
import type { ListParts } from './list-parts.ts';
import { headText, openList } from './list-parts.ts';
import type { MergeDependencies, MergedRequest } from './merged-request.ts';
import { agreeMs, mayBeLate, restOfQuery } from './merged-request.ts';
import { readAll, statusErrorOf } from './shard-answer.ts';

/**
 * Where a paged list goes on: at which revision, on which shard, and that shard's own token, if it
 * had begun.
 */
interface PagePosition {
  readonly revision: Revision;
  readonly shard: number;
  readonly token: string;
}

const version = 'kcp-ts/merged/v1';
const againMs = 100;
/** A shard that begins no answer in this time is not there. */
const headMs = 20_000;

function formatPosition({ revision, shard, token }: PagePosition): string {
  return Buffer.from(JSON.stringify({ v: version, rv: revision, shard, token })).toString('base64url');
}

function parsePosition(text: string): PagePosition {
  try {
    const { v, rv, shard, token } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<
      string,
      unknown
    >;
    if (v === version && typeof rv === 'number' && typeof shard === 'number' && typeof token === 'string')
      return { revision: asRevision(rv), shard, token };
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw StatusError.badRequest(
    'invalid continue token: continue key is not valid: encoded continue token is not usable for this list',
  );
}

function included({ shards }: MergeDependencies, request: MergedRequest, revision: Revision): readonly ShardRecord[] {
  return shards.membership.current().shards.filter((shard) => request.includes(shard) && shard.joinRevision < revision);
}

async function positionOf(
  deps: MergeDependencies,
  request: MergedRequest,
  options: ListOptions,
): Promise<PagePosition> {
  const { membership, progressRequester } = deps.shards;
  await awaitMembership(membership, deps.clock);
  if (options.continue !== undefined) {
    const found = parsePosition(options.continue);
    const left = included(deps, request, found.revision).some(
      ({ number, excludedAt }) => number >= found.shard && excludedAt !== undefined,
    );
    if (left)
      throw StatusError.expired('The provided continue parameter is too old to display a consistent list result.');
    return found;
  }
  const asked = options.revision === 0 ? undefined : options.revision;
  if (options.match === 'Exact' && asked !== undefined) {
    await awaitClock(deps.clock, asked);
    const shards = included(deps, request, asked);
    assertAllThere(shards);
    await Promise.all(shards.map((shard) => progressRequester.reach(shard, asked))).catch(() => {
      throw unavailable();
    });
    return { revision: asked, shard: 0, token: '' };
  }
  const { includes } = request;
  const found = await consistentListRevision({
    shards: membership,
    progressRequester,
    clock: deps.clock,
    includes,
    atLeast: asked,
  });
  return { revision: found.revision, shard: 0, token: '' };
}

/**
 * One shard's list at the revision, or what follows its token. Retries what a shard may not know
 * yet.
 */
async function openShard(
  deps: MergeDependencies,
  request: MergedRequest,
  shard: ShardRecord,
  at: PagePosition,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  const query = restOfQuery(request.query);
  if (at.token === '') {
    query.set('resourceVersion', formatResourceVersion(at.revision, shard.number));
    query.set('resourceVersionMatch', 'Exact');
  } else query.set('continue', at.token);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const headers = request.headers(shard.name);
  delete headers['accept-encoding'];
  const begunMs = deps.clock.monotonic();
  for (;;) {
    const answer = await deps.shards.backends.request(shard.baseUrl, `${request.path}?${query}`, headers, signal);
    if (answer.status === 200) return answer;
    const error = statusErrorOf((await readAll(answer.body)).toString('utf8'), answer.status);
    const { decider } = request;
    if (!mayBeLate(answer.status) || decider === undefined || shard.name === decider.name) throw error;
    // The shard of the export says yes or no for all; the others get the time to receive it.
    const allowed = await openShard(deps, request, decider, { ...at, token: '' }, { limit: '1' }, signal);
    allowed.body.destroy();
    if (deps.clock.monotonic() - begunMs > agreeMs) throw unavailable();
    await pauseOn(deps.clock, againMs);
  }
}

/** Opens all; the first refusal is the answer. */
function openAll(
  deps: MergeDependencies,
  request: MergedRequest,
  shards: readonly ShardRecord[],
  at: PagePosition,
  signal: AbortSignal,
): Promise<readonly ListParts[]> {
  return Promise.all(shards.map(async (shard) => openList(await openShard(deps, request, shard, at, {}, signal))));
}

function answerHeaders(): Record<string, string> {
  return { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
}

async function sendAll(exchange: Exchange, lists: readonly ListParts[], head: string): Promise<void> {
  const body = exchange.stream(200, answerHeaders());
  let drained: (() => void) | undefined;
  const goOn = () => drained?.();
  body.onDrain(goOn);
  exchange.onClose(goOn);
  body.write(Buffer.from(head));
  const comma = Buffer.from(',');
  let any = false;
  try {
    for (const list of lists) {
      let begun = false;
      for await (const bytes of list.items()) {
        if (any && !begun) body.write(comma);
        begun = true;
        const flowing = body.write(bytes);
        if (exchange.closed) return;
        if (!flowing)
          await new Promise<void>((resolve) => {
            drained = resolve;
          });
      }
      any ||= begun;
    }
    body.write(Buffer.from(']}'));
    body.end();
  } catch {
    // Half a list must not look like a whole one.
    body.destroy();
  }
}

/** A list of nothing still has a kind, and rights to it. */
async function emptyList(
  deps: MergeDependencies,
  request: MergedRequest,
  at: PagePosition,
  signal: AbortSignal,
): Promise<ListParts> {
  const shard = request.decider;
  if (shard === undefined) throw unavailable();
  const answer = await openShard(deps, request, shard, { ...at, token: '' }, { limit: '1' }, signal);
  return { ...(await openList(answer)), async *items() {} };
}

/**
 * A page never spans shards: fewer objects than the limit are a page too, and only the token says
 * whether there are more.
 */
async function sendPage(
  deps: MergeDependencies,
  exchange: Exchange,
  request: MergedRequest,
  at: PagePosition,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const shards = included(deps, request, at.revision).filter(({ number }) => number >= at.shard);
  const resourceVersion = formatResourceVersion(at.revision, mergedShardNumber);
  for (const [i, shard] of shards.entries()) {
    const token = shard.number === at.shard ? at.token : '';
    const here = { ...at, token };
    const list = await openList(await openShard(deps, request, shard, here, { limit: String(limit) }, signal));
    const items: Uint8Array[] = [];
    for await (const bytes of list.items()) items.push(bytes);
    const next = shards[i + 1];
    const inner = list.head.metadata.continue;
    if (items.length === 0 && inner === undefined && next !== undefined) continue;
    const follows =
      inner === undefined
        ? next && { revision: at.revision, shard: next.number, token: '' }
        : { revision: at.revision, shard: shard.number, token: inner };
    const metadata = { resourceVersion, ...(follows === undefined ? {} : { continue: formatPosition(follows) }) };
    exchange.respond(
      200,
      answerHeaders(),
      Buffer.concat([Buffer.from(headText(list, metadata)), ...items, Buffer.from(']}')]),
    );
    return;
  }
  const empty = await emptyList(deps, request, at, signal);
  exchange.respond(200, answerHeaders(), `${headText(empty, { resourceVersion })}]}`);
}

/** Throws a StatusError, also a shard's own. */
export async function handleMergedList(
  deps: MergeDependencies,
  exchange: Exchange,
  request: MergedRequest,
  options: ListOptions,
): Promise<void> {
  const gone = new AbortController();
  exchange.onClose(() => gone.abort());
  const slow = deps.clock.setTimer(headMs, () => gone.abort());
  try {
    const at = await positionOf(deps, request, options);
    if (options.limit !== undefined || options.continue !== undefined) {
      await sendPage(deps, exchange, request, at, options.limit ?? 10_000, gone.signal);
      return;
    }
    const shards = included(deps, request, at.revision);
    const lists =
      shards.length === 0
        ? [await emptyList(deps, request, at, gone.signal)]
        : await openAll(deps, request, shards, at, gone.signal);
    slow[Symbol.dispose]();
    const [first] = lists;
    if (first === undefined) throw unavailable();
    const resourceVersion = formatResourceVersion(at.revision, mergedShardNumber);
    await sendAll(exchange, lists, headText(first, { resourceVersion }));
  } catch (error) {
    // What is not a Status is a connection that failed.
    if (error instanceof StatusError) throw error;
    throw unavailable();
  } finally {
    slow[Symbol.dispose]();
    gone.abort();
  }
}
