/** What everybody in a simulation shares. */

import type { Revision } from '@kcp-ts/api';
import type { Progress } from '@kcp-ts/apiserver';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcHandlers } from '@kcp-ts/rpc';
import type { Shard } from '@kcp-ts/shard';
import type {
  EntryView,
  FeedHandler,
  InProcessRegistry,
  ShardProgress,
  ShardRecord,
  WatchFrame,
} from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import type { WatchHub } from '@kcp-ts/watch';
import type { SimBus } from './bus.ts';
import type { SimDisk } from './disk.ts';
import type { SimMembership } from './membership.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { Rules } from './rules.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface CopiesView {
  readonly view: EntryView;
  readonly feedHandler: FeedHandler;
  /** What went wrong so far, in words. */
  readonly violations: readonly string[];
}

/** What a process serves once it owns its shard. */
export interface Serving {
  readonly store: Store;
  readonly feed: RpcHandlers<typeof FeedService>;
  readonly requestProgress: Progress['requestProgress'];
  /** What its watches are made of, where it has no API. */
  readonly parts?: { readonly hub: WatchHub; readonly progress: Progress };
  /** Its API, once that is there. */
  readonly api?: Pick<Shard, 'handler' | 'requests'>;
}

export interface ServeDependencies {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  readonly view: CopiesView;
  readonly record: ShardRecord;
  readonly store: Store;
  /** Serves this from now on. */
  serves(serving: Serving): void;
}

/** Makes of a store what a shard serves, and follows the others' feeds. */
export type Serve = (simulation: Simulation, deps: ServeDependencies) => Promise<void>;

export interface ShardIncarnation {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  readonly view: CopiesView;
  /** Undefined before it serves. */
  serving(): Serving | undefined;
  /** Whether what was read may be answered. */
  holds(): boolean;
  /** Throws RpcError while it does not serve. */
  feed(): RpcHandlers<typeof FeedService>;
  ask(past: Revision): Promise<ShardProgress>;
  /** Runs a read, and throws where it may no longer be answered. */
  read<Answer>(run: (store: Store) => Answer | Promise<Answer>): Promise<Answer>;
  /** After its lease in the membership has ended. */
  rejoin(): void;
  /** As a framed watch; never ends by itself. Resolves when it has begun. */
  watch(after: Revision, initial: boolean, signal: AbortSignal, send: (frame: WatchFrame) => void): Promise<void>;
}

export interface CacheIncarnation {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  readonly copies: CopiesView;
  /** Throws RpcError while it does not serve. */
  feed(): RpcHandlers<typeof FeedService>;
}

export interface SimShard {
  readonly name: string;
  readonly disk: SimDisk;
  /** The newest process, whatever has become of it. */
  life(): ShardIncarnation;
  /** Another process takes the shard over, where nobody owns it. */
  start(): void;
}

export interface Simulation {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
  readonly network: Network;
  readonly bus: SimBus;
  readonly serve: Serve;
  readonly registry: InProcessRegistry;
  readonly shards: Map<string, SimShard>;
  /** Every process of a shard that ever was, by its address. */
  readonly incarnations: Map<string, ShardIncarnation>;
  /** Every process of a cache-server that ever was, by its address. */
  readonly caches: Map<string, CacheIncarnation>;
}
