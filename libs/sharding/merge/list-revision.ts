/**
 * The revision to read all shards at. Each is asked for its newest commit after the client asked,
 * and the largest is taken: so a client reads what it or anybody has written before, whichever
 * shard's clock is ahead.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision, revisionZero, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import { revisionAt } from '@kcp-ts/storage';
import type { ShardRecord, ShardsView } from '../membership/membership.ts';
import type { ProgressRequester } from './progress-requester.ts';
import { silentMsMax } from './shard-progress.ts';

export interface ListRevisionOptions {
  readonly shards: ShardsView;
  readonly progressRequester: ProgressRequester;
  readonly clock: Clock;
  includes(shard: ShardRecord): boolean;
  /** A client's "not older than". It is never taken for a clock: what lies ahead is waited for. */
  readonly atLeast?: Revision | undefined;
}

export interface ListRevision {
  readonly revision: Revision;
  /** Those that have something at that revision, by number. */
  readonly shards: readonly ShardRecord[];
}

const aheadMsMax = 3_000;
/**
 * What passes by itself (a shard that returns, a membership that is slow) is waited for this long.
 */
const settleMsMax = 3_000;
const settleAgainMs = 25;
/** A shard whose clock is further off its peers' refuses to serve. */
const skewMsMax = 500;

function unavailable(why: string): StatusError {
  return new StatusError('ServiceUnavailable', why, { retryAfterSeconds: 1 });
}

/** Never a list without a shard: a client with a cache would read that as deletions. */
export function assertAllThere(shards: readonly ShardRecord[]): void {
  const missing = shards.filter(({ excludedAt }) => excludedAt !== undefined).map(({ name }) => JSON.stringify(name));
  if (missing.length > 0) throw unavailable(`what lies on shard ${missing.join(', ')} cannot be listed now`);
}

/** Throws Timeout (504) for a revision that a client cannot have from anybody. */
export async function awaitClock(clock: Clock, revision: Revision): Promise<void> {
  const aheadMs = (revision - revisionAt(clock.now())) / 1_000;
  if (aheadMs <= 0) return;
  if (aheadMs <= aheadMsMax) {
    await pauseOn(clock, aheadMs + 1);
    return;
  }
  throw new StatusError('Timeout', 'Timeout: Too large resource version', {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

async function newestOf(
  progressRequester: ProgressRequester,
  shards: readonly ShardRecord[],
  atLeast: Revision,
): Promise<{ readonly revision: Revision; readonly silent: readonly ShardRecord[] }> {
  const silent: ShardRecord[] = [];
  let revision = atLeast;
  const answers = await Promise.allSettled(shards.map((shard) => progressRequester.ask(shard)));
  for (const [i, answer] of answers.entries()) {
    const shard = shards[i];
    if (answer.status === 'fulfilled') revision = asRevision(Math.max(revision, answer.value.last));
    else if (shard !== undefined) silent.push(shard);
  }
  return { revision, silent };
}

/**
 * Resolves when the membership has answered: a service without its answer may not know of a shard.
 * Throws ServiceUnavailable where that takes too long.
 */
export async function awaitMembership(
  shards: Pick<ShardsView, 'silentForMs' | 'refresh'>,
  clock: Clock,
): Promise<void> {
  const begunMs = clock.monotonic();
  while (shards.silentForMs() > silentMsMax) {
    if (clock.monotonic() - begunMs > settleMsMax) throw unavailable('the membership of shards does not answer');
    await shards.refresh();
  }
}

/** The shards that are asked, once what passes by itself has passed. */
async function settled({ shards, clock, includes }: ListRevisionOptions): Promise<readonly ShardRecord[]> {
  const begunMs = clock.monotonic();
  for (;;) {
    await awaitMembership(shards, clock);
    const included = shards.current().shards.filter((shard) => includes(shard));
    const missing = included.filter(({ excludedAt }) => excludedAt !== undefined);
    if (missing.length === 0) return included;
    if (missing.some(({ alive }) => !alive) || clock.monotonic() - begunMs > settleMsMax) assertAllThere(missing);
    await pauseOn(clock, settleAgainMs);
  }
}

/**
 * From inside an absence nobody can go on: a list there would only be asked for again, on an idle
 * installation for ever.
 */
function behindAbsences(shards: readonly ShardRecord[], revision: Revision): Revision {
  let behind = revision;
  for (const { after, upTo } of shards.flatMap(({ absences }) => absences)) {
    if (revision > after && upTo > behind) behind = upTo;
  }
  return behind;
}

/** Throws ServiceUnavailable with a time to come back where a shard is missing. */
export async function consistentListRevision(options: ListRevisionOptions): Promise<ListRevision> {
  const { progressRequester, clock } = options;
  if (options.atLeast !== undefined) await awaitClock(clock, options.atLeast);
  const shards = await settled(options);
  // A list of no shard is as new as any other.
  const asked = shards.length > 0 ? shards : options.shards.current().shards.filter(({ alive }) => alive);
  const { revision: newest, silent } = await newestOf(progressRequester, asked, options.atLeast ?? revisionZero);
  // One that only joins does not answer yet, and has nothing. Whether another one has, only it can
  // say.
  const joining = revisionAt(clock.now() + skewMsMax);
  const lost = silent.find((shard) => shard.joinRevision < joining && shards.includes(shard));
  if (lost !== undefined) throw unavailable(`shard ${JSON.stringify(lost.name)} cannot be reached`);
  const revision = behindAbsences(shards, newest);
  // A shard is returning: it counts again in a moment.
  if (revision > newest) await awaitClock(clock, revision);
  const there = shards.filter(({ joinRevision }) => joinRevision < revision);
  const reached = await Promise.allSettled(there.map((shard) => progressRequester.reach(shard, revision)));
  if (reached.some(({ status }) => status === 'rejected')) throw unavailable('a shard does not answer in time');
  const now = await settled(options);
  const same = now.filter(({ joinRevision }) => joinRevision < revision);
  if (same.length !== there.length || same.some(({ name }, i) => name !== there[i]?.name))
    throw unavailable('the shards change');
  if (behindAbsences(now, revision) !== revision) throw unavailable('a shard is returning');
  return { revision, shards: there };
}
