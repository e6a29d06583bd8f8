import type { ClusterName } from '@kcp-ts/api';
import type { Clock, Random, Turns } from '@kcp-ts/base';
import type { Store } from '@kcp-ts/storage';
import type { Admission } from './admission.ts';
import type { FieldManager } from './field-manager.ts';
import type { ResourceOrigin, ServedResource } from './served-resource.ts';

export interface RegistryDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly random: Random;
  readonly shardNumber: number;
  readonly admission: Admission;
  /** Nobody manages fields where it is absent. */
  readonly fieldManager?: FieldManager | undefined;
  /**
   * The key of a cluster's LogicalCluster, which every create relies on; undefined for system
   * clusters, which have none.
   */
  logicalClusterKey(cluster: ClusterName): string | undefined;
  /**
   * The definition or binding that brings a cluster a resource which is not built in; undefined
   * where there is none.
   */
  originOf?(cluster: ClusterName, served: ServedResource): ResourceOrigin | undefined;
}

/** The last second that was asked for, and its text: writes of one second share it. */
const written = { second: Number.NaN, text: '' };

/** RFC 3339 with a precision of one second, as Kubernetes writes times. */
export function timestampOf(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== written.second) {
    written.second = second;
    written.text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return written.text;
}
