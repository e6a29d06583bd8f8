/** Aggregated discovery (KEP-3352): every group with its resources in one answer. */
import type { ResourceRow } from '@kcp-ts/meta';
import type { GroupRows, VersionRows } from './group-rows.ts';
import { foreignKind, verbsOf } from './resource-list.ts';

/** Of a built-in resource the group and version stay empty, which clients read as those of the list it stands in; custom ones say them. */
function responseKind(row: ResourceRow, kind: string): object {
  if (row.dialect === 'builtin') return { group: '', version: '', kind };
  return { group: row.group, version: row.version, kind };
}

function resourceItem(row: ResourceRow): object {
  const subresources = row.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: foreignKind(row, sub) ?? responseKind(row, sub.kind ?? row.kind),
    verbs: verbsOf(sub.verbs),
  }));
  return {
    resource: row.plural,
    responseKind: responseKind(row, row.kind),
    scope: row.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: row.singular,
    verbs: verbsOf(row.verbs),
    ...(row.shortNames.length > 0 ? { shortNames: row.shortNames } : {}),
    ...(row.categories.length > 0 ? { categories: row.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function versionItem({ version, rows }: VersionRows): object {
  return { version, resources: rows.map(resourceItem), freshness: 'Current' };
}

export type AggregatedVersion = 'v2' | 'v2beta1';

/** An APIGroupDiscoveryList of these groups. */
export function aggregatedList(groups: readonly GroupRows[], version: AggregatedVersion): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(versionItem),
    })),
  };
}
