/** Where a shard's stream goes on after a client's resourceVersion, and where none can. */
import type { Revision } from '@kcp-ts/api';
import { asRevision, StatusError } from '@kcp-ts/api';
import type { ShardRecord } from '../membership/membership.ts';

/**
 * A resourceVersion in parts. Of a list or bookmark over all shards, `shard` is the highest number
 * there is, so that ties count as seen.
 */
export interface Position {
  readonly revision: Revision;
  readonly shard: number;
}

/** The largest revision that a shard may have whose resourceVersion is not above the client's. */
export function resumeRevision(from: Position, shard: Pick<ShardRecord, 'number'>): Revision {
  return from.shard >= shard.number ? from.revision : asRevision(Math.max(0, from.revision - 1));
}

export function expiredAround(shard: Pick<ShardRecord, 'name'>): StatusError {
  return StatusError.expired(
    `too old resource version: shard ${JSON.stringify(shard.name)} was left out for a time and its events were not shown; start again from a list`,
  );
}

/** Whether a client there may have run past what a shard committed unseen. */
export function isInsideAbsence(from: Position, shard: ShardRecord): boolean {
  const seen = resumeRevision(from, shard);
  return shard.absences.some(({ after, upTo }) => seen > after && seen < upTo);
}

/**
 * Why a stream cannot go on from there: a shard committed unseen, or what is missing of it cannot
 * be had. Undefined where it can.
 */
export function resumeRefusal(from: Position, shard: ShardRecord): StatusError | undefined {
  const missing = shard.excludedAt !== undefined && resumeRevision(from, shard) < shard.excludedAt;
  return missing || isInsideAbsence(from, shard) ? expiredAround(shard) : undefined;
}
