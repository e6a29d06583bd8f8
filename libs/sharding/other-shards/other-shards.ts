/** What a shard knows of the others, and asks of them. An installation of one shard has none. */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { ServiceAccount } from '@kcp-ts/authn';
import type { Store } from '@kcp-ts/storage';
import type { ShardRequests } from '@kcp-ts/tenancy';
import type { Change } from '@kcp-ts/watch';
import type { PathIndex } from '../locator/path-index.ts';

/** The workspace that owns a logical cluster. */
export interface OwnerWorkspace {
  readonly cluster: LogicalClusterName;
  readonly name: string;
}

export interface OtherShards {
  /** Where the workspaces and clusters of other shards are. */
  readonly index: PathIndex;
  /** The replicated objects of other shards, under the keys that they have there. */
  readonly objects: Pick<Store, 'get' | 'head' | 'scan'>;
  /** Called when a replicated object of another shard has changed. */
  onChanges(listener: (changes: readonly Change[]) => void): Disposable;
  /** Called when the cluster of a workspace has changed, or gone, on another shard. */
  onOwnedCluster(listener: (workspace: OwnerWorkspace) => void): Disposable;
  readonly requests: ShardRequests;
  /** How many clusters a shard has; undefined for one that cannot take any now. */
  load(shard: string): number | undefined;
  /**
   * Whether what is known of a cluster of another shard may decide who may do what: it is no older
   * than 10 s, or its shard is down, so that nobody can have changed it.
   */
  isFresh(cluster: LogicalClusterName): boolean;
  /**
   * Whether a workspace of another shard's cluster that is not known here is not there: that shard
   * is alive, and has said itself what it has.
   */
  isComplete(parent: string): boolean;
  /**
   * Resolves when everything that living shards had committed before the call is known here; false
   * where one could not be asked.
   */
  catchUp(): Promise<boolean>;
  /** Whether a service account of another shard is there; rejects where that cannot be asked. */
  hasServiceAccount(account: ServiceAccount): Promise<boolean>;
}
