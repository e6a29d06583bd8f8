/**
 * What a shard asks of others: a workspace's logical cluster is made and deleted on the shard it is
 * scheduled to.
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { ClusterPlan, MadeCluster } from './plan-workspace.ts';

/** A logical cluster for another shard to make; asked twice, it is made once. */
export interface ClusterRequest extends Pick<ClusterPlan, 'path' | 'creator' | 'requiredGroups'> {
  readonly cluster: LogicalClusterName;
  /** `<path>:<name>` of the type. */
  readonly type: string;
  /**
   * The logical cluster that held the type when the workspace was admitted; undefined where the
   * path cannot mean another.
   */
  readonly typeCluster: string | undefined;
  readonly owner: NonNullable<ClusterPlan['owner']>;
}

/** `message`: what the deletion waits for. */
export type ClusterDeletion = { readonly gone: true } | { readonly gone: false; readonly message: string };

export interface ShardRequests {
  /** The name of this shard. */
  readonly ownShard: string;
  /**
   * Whether a shard belongs to the installation; if it does not, a workspace that was scheduled to
   * it may be scheduled again.
   */
  knows(shard: string): boolean;
  /** Rejects when the shard cannot be reached or cannot make it now: try again. */
  createCluster(shard: string, request: ClusterRequest): Promise<MadeCluster>;
  /** Undefined where there is no such cluster. */
  describeCluster(shard: string, cluster: LogicalClusterName): Promise<MadeCluster | undefined>;
  /** Tells a shard to delete a cluster. A shard that left the installation has none. */
  deleteCluster(
    shard: string,
    which: { readonly cluster: LogicalClusterName; readonly ownerUid: string },
  ): Promise<ClusterDeletion>;
}

/** For an installation of one shard. */
export function noOtherShards(ownShard: string): ShardRequests {
  const refuse = () => Promise.reject(new Error('Cannot ask another shard: there is none'));
  return {
    ownShard,
    knows: (shard) => shard === ownShard,
    createCluster: refuse,
    describeCluster: refuse,
    deleteCluster: () => Promise.resolve({ gone: true }),
  };
}
