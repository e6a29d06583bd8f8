/** Where the kinds of apis.kcp.io and CRDs are stored. */
import type { LogicalClusterName } from '@kcp-ts/api';
import { formatKey, resourcePrefix } from '@kcp-ts/storage';

const group = 'apis.kcp.io';

export const exportsPrefix = resourcePrefix(group, 'apiexports', '-');
export const bindingsPrefix = resourcePrefix(group, 'apibindings', '-');
export const schemasPrefix = resourcePrefix(group, 'apiresourceschemas', '-');
export const slicesPrefix = resourcePrefix(group, 'apiexportendpointslices', '-');
export const definitionsPrefix = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions', '-');

function clusterScoped(resource: string, cluster: LogicalClusterName, name: string): string {
  return formatKey({ group, resource, identity: '-', cluster, namespace: '', name });
}

export function exportKey(cluster: LogicalClusterName, name: string): string {
  return clusterScoped('apiexports', cluster, name);
}

export function bindingKey(cluster: LogicalClusterName, name: string): string {
  return clusterScoped('apibindings', cluster, name);
}

export function schemaKey(cluster: LogicalClusterName, name: string): string {
  return clusterScoped('apiresourceschemas', cluster, name);
}

export function sliceKey(cluster: LogicalClusterName, name: string): string {
  return clusterScoped('apiexportendpointslices', cluster, name);
}

/** The cluster of a key with this prefix. */
export function clusterOfKey(key: string, prefix: string): string {
  return key.slice(prefix.length, key.indexOf('/', prefix.length));
}

/** The name at the end of a key. */
export function nameOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
