/** The resources that exports bring, for views that do not go through a binding. */
import type { Components } from '@kcp-ts/catalog';
import type { IdentityHash, KubeObject } from '@kcp-ts/meta';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport, ExportIndex } from '@kcp-ts/sharing';
import { clusterOfKey, exportsPrefix, identityOf, schemaKey } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';

type ExportedResource = NonNullable<NonNullable<ApiExport['spec']>['resources']>[number];

export interface ExportedResourcesNeeds {
  readonly components: Components;
  readonly exports: ExportIndex;
  readonly reader: ParsedReader;
  /** Whether a resource is built in: it has one strategy, whoever exports a resource of its name. */
  isBuiltin(group: string, plural: string): boolean;
}

/** What an export of `cluster` brings under its proven identity, every version; nothing while it has none. */
export function exportedResources(
  needs: ExportedResourcesNeeds,
  cluster: string,
  source: ApiExport,
): readonly ServedResource[] {
  return resourcesOf(needs, cluster, source, source.spec?.resources ?? []);
}

function resourcesOf(
  needs: ExportedResourcesNeeds,
  cluster: string,
  source: ApiExport,
  resources: readonly ExportedResource[],
): readonly ServedResource[] {
  const identityHash = identityOf(source);
  if (identityHash === undefined) return [];
  return resources.flatMap((resource) => {
    const schema = needs.reader.get<KubeObject>(schemaKey(cluster, resource.schema));
    if (schema === undefined) return [];
    const bound = {
      group: resource.group,
      resource: resource.name,
      schemaUid: schema.metadata.uid ?? '',
      identityHash,
      exportCluster: cluster,
      exportName: source.metadata.name,
      terminating: false,
    };
    const versions = needs.components.ofExported(bound, schema).resources();
    // By the schema, which says what is stored and served: the export's own words for it are a reference.
    return versions.filter(({ row }) => !needs.isBuiltin(row.group, row.plural));
  });
}

/** Every version of a resource as the exports with an identity bring it; of several exports the first one that has the resource. */
export function resourcesOfIdentity(
  needs: ExportedResourcesNeeds,
  identityHash: IdentityHash,
  group: string,
  plural: string,
): readonly ServedResource[] {
  for (const key of needs.exports.withIdentity(identityHash)) {
    const source = needs.reader.get<ApiExport>(key);
    if (source === undefined) continue;
    // An export may bring thousands, and a request may ask for hundreds of claims: only what the export calls so is looked at.
    const named = source.spec?.resources?.filter((resource) => resource.group === group && resource.name === plural);
    const found = resourcesOf(needs, clusterOfKey(key, exportsPrefix), source, named ?? []).filter(
      ({ row }) => row.group === group && row.plural === plural,
    );
    if (found.length > 0) return found;
  }
  return [];
}
