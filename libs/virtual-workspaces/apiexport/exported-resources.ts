/** The resources that exports bring, for views that do not go through a binding. */

import type { IdentityHash, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Components } from '@kcp-ts/catalog';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport, ExportIndex } from '@kcp-ts/sharing';
import { clusterOfKey, exportsPrefix, identityOf, schemaKey } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';

type ExportedResource = NonNullable<NonNullable<ApiExport['spec']>['resources']>[number];

export interface ExportedResourcesDependencies {
  readonly components: Components;
  readonly exports: ExportIndex;
  readonly reader: ParsedReader;
  /**
   * Whether a resource is built in: it has one strategy, whichever export has a resource of its
   * name.
   */
  isBuiltin(group: string, plural: string): boolean;
}

/**
 * What an export of `cluster` brings under its proven identity, every version, one resource after
 * the other; nothing while it has none.
 */
export function* exportedResources(
  deps: ExportedResourcesDependencies,
  cluster: LogicalClusterName,
  source: ApiExport,
): Generator<readonly ServedResource[]> {
  for (const resource of source.spec?.resources ?? []) yield versionsOf(deps, cluster, source, resource);
}

function versionsOf(
  deps: ExportedResourcesDependencies,
  cluster: LogicalClusterName,
  source: ApiExport,
  resource: ExportedResource,
): readonly ServedResource[] {
  const identityHash = identityOf(source);
  if (identityHash === undefined) return [];
  const schema = deps.reader.get<KubeObject>(schemaKey(cluster, resource.schema));
  if (schema === undefined) return [];
  const bound = {
    group: resource.group,
    resource: resource.name,
    schemaUid: schema.metadata.uid ?? '',
    identityHash,
    exportCluster: cluster,
    exportName: source.metadata.name,
    terminating: false,
    limited: false,
  };
  const versions = deps.components.ofExported(bound, schema).resources();
  // By the schema, which says what is stored and served: the export's own words for it are a
  // reference.
  return versions.filter(({ definition }) => !deps.isBuiltin(definition.group, definition.plural));
}

type Named = ReadonlyMap<string, readonly ExportedResource[]>;

/**
 * An export may bring thousands, and another one claim hundreds of them: each is found by its name.
 */
const named = new WeakMap<ApiExport, Named>();

function nameOf(group: string, plural: string): string {
  return `${plural}.${group}`;
}

function resourcesByName(source: ApiExport): Named {
  const known = named.get(source);
  if (known !== undefined) return known;
  const found = new Map<string, ExportedResource[]>();
  for (const resource of source.spec?.resources ?? []) {
    const name = nameOf(resource.group, resource.name);
    const same = found.get(name);
    if (same === undefined) found.set(name, [resource]);
    else same.push(resource);
  }
  named.set(source, found);
  return found;
}

/**
 * Every version of a resource as the exports with an identity bring it; of several exports the
 * first one that has the resource.
 */
export function resourcesOfIdentity(
  deps: ExportedResourcesDependencies,
  identityHash: IdentityHash,
  group: string,
  plural: string,
): readonly ServedResource[] {
  for (const key of deps.exports.withIdentity(identityHash)) {
    const source = deps.reader.get<ApiExport>(key);
    if (source === undefined) continue;
    const cluster = clusterOfKey(key, exportsPrefix);
    const found = (resourcesByName(source).get(nameOf(group, plural)) ?? [])
      .flatMap((resource) => versionsOf(deps, cluster, source, resource))
      .filter(({ definition }) => definition.group === group && definition.plural === plural);
    if (found.length > 0) return found;
  }
  return [];
}
