import type { Clock, Random } from '@kcp-ts/base';
import type { ClusterName, Revision } from '@kcp-ts/meta';
import type { Store } from '@kcp-ts/storage';
import type { Admission } from './admission.ts';

/** What the registry relies on of a logical cluster when it commits into it. */
export interface ClusterIncarnation {
  /** The key of the LogicalCluster object and the revision that created it. */
  readonly key: string;
  readonly createRevision: Revision;
  readonly deleting: boolean;
}

export interface RegistryNeeds {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardNumber: number;
  readonly admission: Admission;
  /** Undefined for system clusters, which have no LogicalCluster and are not checked. */
  incarnation(cluster: ClusterName): ClusterIncarnation | undefined;
}

/** RFC 3339 with a precision of one second, as Kubernetes writes times. */
export function timestampOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
