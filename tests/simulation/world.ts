/** What everybody in a simulation shares. */
import type { InProcessRegistry } from '@kcp-ts/replication';
import type { SimBus } from './bus.ts';
import type { Network } from './network.ts';
import type { Rules } from './rules.ts';
import type { ShardLife, SimShard } from './shard.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface World {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
  readonly network: Network;
  readonly bus: SimBus;
  readonly registry: InProcessRegistry;
  readonly shards: Map<string, SimShard>;
  /** Every process of a shard that ever was, by its address. */
  readonly lives: Map<string, ShardLife>;
}
