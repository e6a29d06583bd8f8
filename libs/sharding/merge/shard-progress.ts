/**
 * How far a shard has made progress, and how long its membership may be silent: what merged streams
 * wait for.
 */
import type { Revision } from '@kcp-ts/api';
import type { ShardRecord } from '../membership/membership.ts';

/**
 * A service that has had no answer of the membership for this long knows too little: a shard may
 * have joined. A join counts from so far ahead that this, the half second that clocks may be apart,
 * and as much again lie between.
 */
export const silentMsMax = 500;

/** What a shard says of itself, asked after the question was put. */
export interface ShardProgress {
  /** Nothing will be committed at or below it any more. */
  readonly progress: Revision;
  /** The newest durable commit. */
  readonly last: Revision;
}

/**
 * Asks a shard to make progress past a revision, as far as its own clock allows, and to say so on
 * its streams. Rejects when it cannot be reached.
 */
export type AskProgress = (shard: ShardRecord, past: Revision) => Promise<ShardProgress>;
