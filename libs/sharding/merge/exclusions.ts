/**
 * Sees to it that a dead shard does not hold up everybody's streams: one whose heartbeat in the
 * membership has lapsed is left out, by a record that all replicas read before any of them passes
 * it; and one that is alive again and answers comes back. A replica that alone cannot reach a
 * living shard leaves it in, and ends its own streams.
 */

import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { ShardRecord, ShardsView } from '../membership/membership.ts';

export interface ExclusionsDependencies {
  readonly shards: ShardsView;
  /** Records it; the first to say so is right. */
  exclude(name: string, at: Revision): Promise<unknown>;
  readmit(name: string): Promise<unknown>;
  /**
   * The progress of a shard that this replica's streams have all seen, or else that it knows of.
   */
  progressOf(name: string): Revision | undefined;
  /** Whether the shard answers. */
  reachable(shard: ShardRecord): Promise<boolean>;
  readonly clock: Clock;
  /** Called when the membership could not be changed; it is tried again. */
  failed?(error: unknown): void;
}

const lookMs = 250;
/** A heartbeat that has lapsed for a moment is that of a shard that starts again. */
const graceMs = 1_000;

export function createExclusions(deps: ExclusionsDependencies): Disposable {
  const deadSinceMs = new Map<string, number>();
  const busy = new Set<string>();

  async function exclude(shard: ShardRecord): Promise<void> {
    await deps.exclude(shard.name, deps.progressOf(shard.name) ?? revisionZero);
  }

  async function readmit(shard: ShardRecord): Promise<void> {
    if (await deps.reachable(shard)) await deps.readmit(shard.name);
  }

  function start(shard: ShardRecord, change: (shard: ShardRecord) => Promise<void>): void {
    if (busy.has(shard.name)) return;
    busy.add(shard.name);
    change(shard)
      .catch((error: unknown) => deps.failed?.(error))
      .finally(() => busy.delete(shard.name));
  }

  function returned(shard: ShardRecord): void {
    if (shard.alive && shard.excludedAt !== undefined) start(shard, readmit);
  }

  function look(): void {
    const now = deps.clock.monotonic();
    for (const shard of deps.shards.current().shards) {
      returned(shard);
      if (shard.alive) {
        deadSinceMs.delete(shard.name);
        continue;
      }
      const since = deadSinceMs.get(shard.name) ?? now;
      deadSinceMs.set(shard.name, since);
      if (shard.excludedAt === undefined && now - since >= graceMs) start(shard, exclude);
    }
  }

  const timer = every(deps.clock, lookMs, look);
  // Nobody waits for the next look to have a shard back.
  const following = deps.shards.follow(({ shards }) => shards.forEach(returned));
  return {
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      timer[Symbol.dispose]();
    },
  };
}
