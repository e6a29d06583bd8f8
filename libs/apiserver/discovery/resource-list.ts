/** The older form of discovery: APIGroup, APIGroupList and APIResourceList. Keys stand in the order of Kubernetes' own answers. */
import { createHash } from 'node:crypto';
import type { ResourceRow, SubresourceRow } from '@kcp-ts/meta';
import { groupVersionText } from '@kcp-ts/meta';
import type { GroupRows } from './group-rows.ts';

/** Go writes an absent list of verbs as null, and clients compare for it. */
export function verbsOf(verbs: readonly string[]): readonly string[] | null {
  return verbs.length === 0 ? null : verbs;
}

export interface ResponseKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The kind of a subresource where it has a group of its own; undefined where it is its parent's. */
export function foreignKind(row: ResourceRow, sub: SubresourceRow): ResponseKind | undefined {
  const kind = { group: sub.group ?? row.group, version: sub.version ?? row.version, kind: sub.kind ?? row.kind };
  return kind.group === row.group && kind.version === row.version ? undefined : kind;
}

/** kcp's hash of group, version and kind in storage; it puts the logical cluster in front, which is left empty in a document shared by workspaces. */
function storageVersionHash(row: ResourceRow): string {
  const group = row.aliasOf?.group ?? row.group;
  const version = row.aliasOf?.version ?? row.storageVersion ?? row.version;
  const hash = createHash('sha256').update(`/${group}/${version}/${row.kind}`).digest();
  return hash.subarray(0, 8).toString('base64');
}

function resourceEntry(row: ResourceRow): object {
  return {
    name: row.plural,
    singularName: row.singular,
    namespaced: row.namespaced,
    kind: row.kind,
    verbs: verbsOf(row.verbs),
    ...(row.shortNames.length > 0 ? { shortNames: row.shortNames } : {}),
    ...(row.categories.length > 0 ? { categories: row.categories } : {}),
    ...(row.virtual === true ? {} : { storageVersionHash: storageVersionHash(row) }),
  };
}

function subresourceEntry(row: ResourceRow, sub: SubresourceRow): object {
  const foreign = foreignKind(row, sub);
  return {
    name: `${row.plural}/${sub.name}`,
    singularName: '',
    namespaced: row.namespaced,
    ...(foreign === undefined ? {} : { group: foreign.group, version: foreign.version }),
    kind: sub.kind ?? row.kind,
    verbs: verbsOf(sub.verbs),
  };
}

/** All resources of one group and version; the core group's list carries no apiVersion, as in Kubernetes. */
export function resourceList(rows: readonly ResourceRow[]): object {
  const [first] = rows;
  const groupVersion = first === undefined ? '' : groupVersionText(first);
  return {
    kind: 'APIResourceList',
    ...(first?.group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: rows.flatMap((row) => [
      resourceEntry(row),
      ...row.subresources.map((sub) => subresourceEntry(row, sub)),
    ]),
  };
}

/** What an APIGroup says of a group. */
export function groupEntry(group: GroupRows): object {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}
