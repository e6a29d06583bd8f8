/**
 * The kinds that the cache holds (kcp facts, 9), as resources of their own: the same schemas, and
 * nothing that a write would need.
 */

import type { ResourceDefinition } from '@kcp-ts/api';
import { resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import { createApiSurface, noStrategy } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';

const kinds: Readonly<Record<string, readonly string[]>> = {
  'apis.kcp.io': ['apiresourceschemas', 'apiconversions', 'apiexports', 'apiexportendpointslices'],
  'core.kcp.io': ['logicalclusters', 'shards'],
  'tenancy.kcp.io': ['workspacetypes'],
  'rbac.authorization.k8s.io': ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'],
  'admissionregistration.k8s.io': ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
};

function isCached(definition: ResourceDefinition): boolean {
  const storage = definition.storageVersion === undefined || definition.storageVersion === definition.version;
  return definition.aliasOf === undefined && storage && kinds[definition.group]?.includes(definition.plural) === true;
}

/**
 * What the cache serves of the definitions that shards have: storage versions alone, since it
 * converts nothing.
 */
export function cachedSurface(all: readonly ResourceDefinition[]): ApiSurface {
  const seen = new Set<string>();
  const definitions = all.filter(isCached).filter(({ group, plural }) => {
    const name = `${plural}.${group}`;
    return !seen.has(name) && seen.add(name) !== undefined;
  });
  const plain = definitions.map((definition): ResourceDefinition => ({ ...definition, subresources: [] }));
  const deps = { schemas: createSchemaCache(), strategy: () => noStrategy, conversion: () => undefined };
  return createApiSurface(
    'cache',
    resourcesOfDefinitions(plain, () => '-', { kind: 'builtin' }, deps),
  );
}

/**
 * The same resource as one shard has it, or all shards ('*'): in the cache's store the shard stands
 * where others have an identity.
 */
export function onShard(served: ServedResource, shard: string): ServedResource {
  const { group, plural } = served.definition;
  const all = `${group === '' ? 'core' : group}/${plural}/`;
  const placed: Omit<ServedResource, 'storage'> & { storage?: ServedResource } = {
    ...served,
    prefix: shard === '*' ? all : `${all}${shard}/`,
  };
  return Object.assign(placed, { storage: placed as ServedResource });
}
