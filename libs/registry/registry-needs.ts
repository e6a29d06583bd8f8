import type { Clock, Random } from '@kcp-ts/base';
import type { ClusterName } from '@kcp-ts/meta';
import type { Store } from '@kcp-ts/storage';
import type { Admission } from './admission.ts';

export interface RegistryNeeds {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardNumber: number;
  readonly admission: Admission;
  /** The key of a cluster's LogicalCluster, which every create relies on; undefined for system clusters, which have none. */
  logicalClusterKey(cluster: ClusterName): string | undefined;
}

/** RFC 3339 with a precision of one second, as Kubernetes writes times. */
export function timestampOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
