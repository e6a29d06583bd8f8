import { formatKey } from '@kcp-ts/storage';

/** Where a Namespace is stored. */
export function namespaceKey(cluster: string, namespace: string): string {
  return formatKey({ group: '', resource: 'namespaces', identity: '-', cluster, namespace: '', name: namespace });
}
