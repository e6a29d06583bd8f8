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

interface KnownGroup {
  readonly rows: readonly ResourceRow[];
  readonly text: string;
}

/** Texts of groups by the first of their rows: a group that holds the same rows in another surface is not written again. */
const known = new WeakMap<ResourceRow, KnownGroup>();

function rowsOf({ versions }: GroupRows): readonly ResourceRow[] {
  return versions.flatMap(({ rows }) => rows);
}

function groupText(group: GroupRows): string {
  const rows = rowsOf(group);
  const [first] = rows;
  const found = first === undefined ? undefined : known.get(first);
  if (found !== undefined && found.rows.length === rows.length && found.rows.every((row, at) => row === rows[at]))
    return found.text;
  const text = JSON.stringify({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map(versionItem),
  });
  if (first !== undefined) known.set(first, { rows, text });
  return text;
}

/** An APIGroupDiscoveryList of these groups, as JSON. */
export function aggregatedList(groups: readonly GroupRows[], version: AggregatedVersion): string {
  const head = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/${version}","metadata":{},"items":[`;
  return `${head}${groups.map(groupText).join(',')}]}`;
}
