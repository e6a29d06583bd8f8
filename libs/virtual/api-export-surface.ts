/** What an APIExport's virtual workspace serves: the exported resources, the claimed ones, and the bindings to the export. */
import type { Catalog, Components } from '@kcp-ts/catalog';
import type { KubeObject } from '@kcp-ts/meta';
import type { ServedResource, Surface } from '@kcp-ts/registry';
import type { ApiExport, ExportIndex } from '@kcp-ts/sharing';
import { clusterOfKey, exportsPrefix, schemaKey } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';

export interface ExportSurfaceNeeds {
  readonly catalog: Catalog;
  readonly components: Components;
  readonly exports: ExportIndex;
  readonly reader: ParsedReader;
}

const ownGroup = 'apis.kcp.io';

function exportedResources(needs: ExportSurfaceNeeds, cluster: string, source: ApiExport): readonly ServedResource[] {
  const identityHash = source.status?.identityHash;
  if (identityHash === undefined) return [];
  return (source.spec?.resources ?? []).flatMap((resource) => {
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
    return needs.components.ofExported(bound, schema).resources();
  });
}

/** A claim on somebody else's export is about the resources of whoever has that identity. */
function foreignResources(
  needs: ExportSurfaceNeeds,
  identityHash: string,
  group: string,
  plural: string,
): readonly ServedResource[] {
  for (const key of needs.exports.withIdentity(identityHash)) {
    const source = needs.reader.get<ApiExport>(key);
    if (source === undefined) continue;
    const found = exportedResources(needs, clusterOfKey(key, exportsPrefix), source).filter(
      ({ row }) => row.group === group && row.plural === plural,
    );
    if (found.length > 0) return found;
  }
  return [];
}

function versionsOf(surface: Surface, group: string, plural: string): readonly ServedResource[] {
  return surface.resources.filter(({ row }) => row.group === group && row.plural === plural);
}

/** The surface of an export; the same value for as long as the export and what it names do not change. */
export function exportSurface(needs: ExportSurfaceNeeds, cluster: string, source: ApiExport): Surface {
  const { base } = needs.catalog;
  const resources = [...exportedResources(needs, cluster, source)];
  for (const { group = '', resource, identityHash = '' } of source.spec?.permissionClaims ?? []) {
    resources.push(
      ...(identityHash === ''
        ? versionsOf(base, group, resource)
        : foreignResources(needs, identityHash, group, resource)),
    );
  }
  if (!resources.some(({ row }) => row.group === ownGroup && row.plural === 'apibindings'))
    resources.push(...versionsOf(base, ownGroup, 'apibindings'));
  const key = resources.map(({ prefix, fingerprint }) => `${prefix}@${fingerprint}`).join(' ');
  return needs.catalog.intern(`export ${cluster} ${source.metadata.name} ${key}`, () => resources);
}
