/** What controllers ask of other shards: workspaces are made and deleted wherever they are placed. */
import type { UserInfo } from '@kcp-ts/api';
import type { MadeCluster } from '@kcp-ts/tenancy';

/** A logical cluster for another shard to make; asked twice, it is made once. */
export interface ClusterOrder {
  readonly cluster: string;
  readonly path: string;
  /** `<path>:<name>` of the type. */
  readonly type: string;
  /** The logical cluster that held the type when the workspace was admitted; undefined where the path cannot mean another. */
  readonly typeCluster: string | undefined;
  readonly creator: UserInfo;
  readonly owner: { readonly cluster: string; readonly name: string; readonly uid: string };
  readonly requiredGroups: string | undefined;
}

export interface OtherShards {
  /** The name of this shard. */
  readonly ownShard: string;
  /** Whether a shard belongs to the installation; where its workspaces are to be, new ones may be made elsewhere if it does not. */
  knows(shard: string): boolean;
  /** Rejects when the shard cannot be reached or cannot make it now: try again. */
  createCluster(shard: string, order: ClusterOrder): Promise<MadeCluster>;
  /** Undefined where there is no such cluster. */
  describeCluster(shard: string, cluster: string): Promise<MadeCluster | undefined>;
  /** Tells a shard to delete a cluster; `message`: what it waits for. A shard that left the installation has none. */
  deleteCluster(
    shard: string,
    which: { readonly cluster: string; readonly ownerUid: string },
  ): Promise<{ readonly gone: true } | { readonly gone: false; readonly message: string }>;
}

/** For an installation of one shard. */
export function noOtherShards(ownShard: string): OtherShards {
  const nobody = () => Promise.reject(new Error('Cannot ask another shard: there is none'));
  return {
    ownShard,
    knows: (shard) => shard === ownShard,
    createCluster: nobody,
    describeCluster: nobody,
    deleteCluster: () => Promise.resolve({ gone: true }),
  };
}
