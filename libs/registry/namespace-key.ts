import type { LogicalClusterName } from '@kcp-ts/api';
import { formatKey } from '@kcp-ts/storage';

/** Where a Namespace is stored. */
export function namespaceKey(cluster: LogicalClusterName, namespace: string): string {
  return formatKey({ group: '', resource: 'namespaces', identity: '-', cluster, namespace: '', name: namespace });
}
