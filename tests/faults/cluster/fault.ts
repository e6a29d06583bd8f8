import type { FaultInstallation, ShardName } from './installation.ts';
import type { Load } from './load.ts';

/** What is done to an installation under load. */
export interface Fault {
  readonly name: string;
  /** Also in the short form. */
  readonly short: boolean;
  /** The shard that is hit, or one that others must hear of again afterwards. */
  readonly shard: ShardName;
  /** Whether requests to a shard, that way, go on being answered during it. */
  unharmed(shard: string, way: string): boolean;
  /** Does it; resolves when it is over: what was broken is whole again. */
  run(installation: FaultInstallation, load: Load): Promise<void>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
