/**
 * What a request must know of its logical cluster before it is let in, read from the LogicalCluster
 * object.
 */
import type { ClusterName, KubeObject, LogicalClusterName, Revision } from '@kcp-ts/api';
import type { Entry } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';

export interface ClusterFacts {
  readonly name: ClusterName;
  readonly key: string;
  readonly createRevision: Revision;
  readonly uid: string;
  readonly phase: string;
  readonly deleting: boolean;
  readonly inactive: boolean;
  /** The canonical path; the name where the cluster has none. */
  readonly path: string;
  /** `<path>:<name>` of its WorkspaceType. */
  readonly type: string | undefined;
  /**
   * The logical cluster that held the type when the cluster was made; undefined where the path
   * cannot mean another.
   */
  readonly typeCluster: string | undefined;
  readonly requiredGroups: string | undefined;
  readonly owner: { readonly cluster: LogicalClusterName; readonly name: string } | undefined;
}

interface LogicalCluster extends KubeObject {
  readonly spec?: { readonly owner?: { readonly cluster: LogicalClusterName; readonly name: string } };
  readonly status?: { readonly phase?: string };
}

export function clusterFacts(name: ClusterName, entry: Entry): ClusterFacts {
  const object = parseStored<LogicalCluster>(entry.value);
  const annotations = object.metadata.annotations ?? {};
  const owner = object.spec?.owner;
  return {
    name,
    key: entry.key,
    createRevision: entry.createRevision,
    uid: object.metadata.uid ?? '',
    phase: object.status?.phase ?? 'Scheduling',
    deleting: object.metadata.deletionTimestamp !== undefined,
    inactive: annotations['core.kcp.io/inactive'] === 'true' || annotations['internal.kcp.io/inactive'] === 'true',
    path: annotations['kcp.io/path'] ?? name,
    type: annotations['internal.tenancy.kcp.io/type'],
    typeCluster: annotations['internal.tenancy.kcp.io/type-cluster'],
    requiredGroups: annotations['authorization.kcp.io/required-groups'],
    owner: owner === undefined ? undefined : { cluster: owner.cluster, name: owner.name },
  };
}
