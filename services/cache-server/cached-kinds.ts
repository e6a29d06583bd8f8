/** The kinds that the cache holds (kcp facts, 9), as rows of their own: the same schemas, and nothing that a write would need. */
import { builtinRows, rootExports, systemRows } from '@kcp-ts/apis';
import { resourcesOfRows } from '@kcp-ts/catalog';
import type { ResourceRow } from '@kcp-ts/meta';
import type { ServedResource, Surface } from '@kcp-ts/registry';
import { createSurface, noBehaviour } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';

const kinds: Readonly<Record<string, readonly string[]>> = {
  'apis.kcp.io': ['apiresourceschemas', 'apiconversions', 'apiexports', 'apiexportendpointslices'],
  'core.kcp.io': ['logicalclusters', 'shards'],
  'tenancy.kcp.io': ['workspacetypes'],
  'rbac.authorization.k8s.io': ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'],
  'admissionregistration.k8s.io': ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
};

function isCached(row: ResourceRow): boolean {
  const storage = row.storageVersion === undefined || row.storageVersion === row.version;
  return row.aliasOf === undefined && storage && kinds[row.group]?.includes(row.plural) === true;
}

/** What the cache serves: storage versions alone, since it converts nothing. */
export function cachedSurface(): Surface {
  const all = [...builtinRows, ...systemRows, ...rootExports.flatMap(({ rows }) => rows)];
  const seen = new Set<string>();
  const rows = all.filter(isCached).filter(({ group, plural }) => {
    const name = `${plural}.${group}`;
    return !seen.has(name) && seen.add(name) !== undefined;
  });
  const plain = rows.map((row): ResourceRow => ({ ...row, subresources: [] }));
  const needs = { schemas: createSchemaCache(), behaviour: () => noBehaviour, conversion: () => undefined };
  return createSurface(
    'cache',
    resourcesOfRows(plain, () => '-', { kind: 'builtin' }, needs),
  );
}

/** The same resource as one shard has it, or all shards ('*'): in the cache's store the shard stands where others have an identity. */
export function onShard(served: ServedResource, shard: string): ServedResource {
  const { group, plural } = served.row;
  const all = `${group === '' ? 'core' : group}/${plural}/`;
  const placed: Omit<ServedResource, 'storage'> & { storage?: ServedResource } = {
    ...served,
    prefix: shard === '*' ? all : `${all}${shard}/`,
  };
  return Object.assign(placed, { storage: placed as ServedResource });
}
