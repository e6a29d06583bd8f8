/** What there is of a shard's data, and of other shards, while a process owns the shard. */
import type { Clock, Live, Random, Reloads } from '@kcp-ts/base';
import type { EtcdMetrics } from '@kcp-ts/etcd';
import type { ReplicaRole, Store, ValueTransformer } from '@kcp-ts/storage';
import type { RootExport } from '@kcp-ts/tenancy';
import type { Logger } from 'pino';
import type { InstallationConfig, PeerTls } from '../membership/connections.ts';
import type { ShardObjects } from '../membership/shard-objects.ts';
import type { Installation } from '../other-shards/join-installation.ts';
import type { ShardReport } from '../other-shards/shard-report.ts';
import type { ClusterRequests } from '../requests/cluster-requests.ts';
import type { ShardUrls } from './shard-urls.ts';

/** The options that say where the data is, and which other shards there are. */
export type ShardDataConfig = InstallationConfig & {
  readonly rootDirectory: string;
  readonly bindAddress: string;
  readonly rpcPort: number;
  readonly shardName: string;
  readonly rootShardName: string;
  /** `key=value`. */
  readonly shardLabels: readonly string[];
  readonly etcdServers: readonly string[];
  readonly etcdPrefix: string;
  /** In seconds. */
  readonly leaderElectLeaseDuration: number;
};

/** What a shard that is served does for others. */
export interface ServedShard {
  /** What other shards may ask of this one. */
  readonly requests: ClusterRequests;
  /** Keeps the Shard objects of an installation of several; on the shard that holds root. */
  keepShards(leave: (shard: string) => void): ShardObjects;
}

/** What there is of a shard while this process owns it. */
export interface OwnedData extends AsyncDisposable {
  readonly store: Store;
  /** Whether what was read may be answered. */
  holds(): boolean;
  /** Resolves when another process may own the shard. Never, for a store of its own. */
  readonly lost: Promise<Error>;
  readonly shardNumber: number;
  readonly installation: Installation | undefined;
  readonly report: ShardReport | undefined;
  /** Told the shards that are in the installation, as Shard objects are to say. */
  follow(shard: ServedShard): Disposable | undefined;
}

export interface ShardData extends AsyncDisposable {
  /**
   * Resolves when this process owns the shard: until then another one does, and this one is its
   * standby. Again, when that was lost. Rejects with the signal.
   */
  own(signal: AbortSignal): Promise<OwnedData>;
  /** Undefined where no other process can own the shard. */
  readonly role: (() => ReplicaRole) | undefined;
  /**
   * How long it is sure, without a further word of etcd, that this process owns the shard; 0 for a
   * standby.
   */
  leaseRemainingMs(): number;
  /** Calls of etcd that failed while another process could own the shard. */
  etcdFailures(): number;
}

export interface DataDependencies {
  readonly config: ShardDataConfig;
  readonly urls: ShardUrls;
  /** Where others reach a port of this host. */
  addressOf(port: number): string;
  /** What `root` exports. */
  readonly rootExports: readonly Pick<RootExport, 'name'>[];
  /** Undefined where the shard stands alone. */
  readonly tls: Live<PeerTls> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly reloads?: Reloads | undefined;
  readonly etcdMetrics?: EtcdMetrics | undefined;
  /** Encrypts the data at rest; in the clear when absent. */
  readonly transformer?: ValueTransformer | undefined;
}
