/** What a feed consumer knows of one shard. */
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { FeedMessage, FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { revisionAt } from '@kcp-ts/storage';
import type { FollowedShard } from './feed-consumer-interface.ts';

/** Before a shard that did not answer is asked again, at first. */
export const retryMsMin = 50;

export interface FollowedShardState {
  shard: FollowedShard;
  client: RpcClient<typeof FeedService>;
  /** The incarnation of the shard that we know; what another says does not continue it. */
  epoch: string | undefined;
  readonly pastEpochs: Set<string>;
  /** A message of another epoch was received: what we have is not to be continued. */
  needsSnapshot: boolean;
  /** The handler has lost some of it. */
  lost: boolean;
  /** Replicas were asked since the shard went down. */
  replicasAsked: boolean;
  /** A replica was asked, in vain or not. */
  tried: boolean;
  /** Everything up to it is in the handler; undefined before the first snapshot. */
  complete: Revision | undefined;
  completeAtMs: number;
  /** How long the shard may say nothing before it is asked. */
  silentMs: number;
  /**
   * The newest entry that the handler was given, whichever replica gave it: a state that ends
   * before it is one of the past.
   */
  newest: Revision;
  /** A fetch or snapshot is under way; messages wait for it. */
  working: Promise<boolean> | undefined;
  held: FeedMessage[];
  retryMs: number;
  retry: Disposable | undefined;
  removed: boolean;
}

/**
 * Epochs of one shard that are over and whose late messages are known by; it begins a new one with
 * each start.
 */
const pastEpochsMax = 16;

/** A shard that says nothing for longer than it said it would, and half of that, is asked. */
export const silentMsMin = 1_500;
/** Whatever a shard says. */
export const silentMsMax = 6_000;

/** Nothing yet. */
export function initialState(shard: FollowedShard, client: FollowedShardState['client']): FollowedShardState {
  return {
    shard,
    client,
    epoch: undefined,
    pastEpochs: new Set(),
    needsSnapshot: false,
    lost: false,
    replicasAsked: false,
    tried: false,
    complete: undefined,
    completeAtMs: 0,
    silentMs: silentMsMin,
    newest: revisionZero,
    working: undefined,
    held: [],
    retryMs: retryMsMin,
    retry: undefined,
    removed: false,
  };
}

/** What is known of the shard is of this epoch from now on. */
export function beginEpoch(followed: FollowedShardState, epoch: string): void {
  if (epoch === followed.epoch) return;
  const { pastEpochs } = followed;
  if (followed.epoch !== undefined) pastEpochs.add(followed.epoch);
  for (const past of pastEpochs) if (pastEpochs.size > pastEpochsMax) pastEpochs.delete(past);
  followed.epoch = epoch;
}

/** One that is down and that nobody keeps a copy of holds up nobody who needs the others. */
export function isBrought({ complete, shard, tried }: FollowedShardState): boolean {
  return complete !== undefined || (tried && !shard.alive);
}

/** Since the shard was last known to be complete; undefined for one that was never brought in. */
export function ageMsOf({ complete, completeAtMs }: FollowedShardState, clock: Clock): number | undefined {
  if (complete === undefined) return undefined;
  const sinceReceived = clock.monotonic() - completeAtMs;
  return Math.max(sinceReceived, (revisionAt(clock.now()) - complete) / 1_000);
}
