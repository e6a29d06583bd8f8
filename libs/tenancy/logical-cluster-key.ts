/** Where LogicalClusters are stored: one in each logical cluster, always under the same name. */
import type { LogicalClusterName } from '@kcp-ts/api';
import { formatKey, resourcePrefix } from '@kcp-ts/storage';

export const logicalClustersPrefix = resourcePrefix('core.kcp.io', 'logicalclusters', '-');

/** The key of a cluster's LogicalCluster object. */
export function logicalClusterKey(cluster: LogicalClusterName): string {
  return formatKey({
    group: 'core.kcp.io',
    resource: 'logicalclusters',
    identity: '-',
    cluster,
    namespace: '',
    name: 'cluster',
  });
}

/** Whether a key is that of a LogicalCluster. */
export function isLogicalClusterKey(key: string): boolean {
  return key.startsWith(logicalClustersPrefix);
}

/**
 * The same for a cluster that may be one of the system: those are always there and have no
 * LogicalCluster.
 */
export function storedLogicalClusterKey(cluster: LogicalClusterName): string | undefined {
  return cluster.startsWith('system:') ? undefined : logicalClusterKey(cluster);
}
