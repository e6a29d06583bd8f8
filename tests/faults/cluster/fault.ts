import { expect } from 'vitest';
import type { FaultInstallation, ShardName } from './installation.ts';
import type { Load } from './load.ts';

/** What is done to an installation under load. */
export interface Fault {
  readonly name: string;
  /** Also in the short form. */
  readonly short: boolean;
  /** The shard that is hit, or one whose changes others must receive again afterwards. */
  readonly shard: ShardName;
  /** Whether requests to a shard, that way, go on being answered during it. */
  unharmed(shard: string, way: string): boolean;
  /** Does it; resolves when it is over: what was broken is whole again. */
  run(installation: FaultInstallation, load: Load): Promise<void>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ownedSecondsMax = 10;

/**
 * Resolves when writes on these shards are acknowledged again: an owner that cannot reach etcd for
 * longer than its lease, or is dead, is followed by another owner, and nobody can know of that
 * shard's news before.
 */
export async function untilOwned(load: Load, shards: (shard: string) => boolean): Promise<void> {
  const since = performance.now();
  await load.progress(shards);
  const seconds = (performance.now() - since) / 1000;
  console.log(`${seconds.toFixed(1)} s until writes on each shard were acknowledged again`);
  expect(seconds).toBeLessThan(ownedSecondsMax);
}
