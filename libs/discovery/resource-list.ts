/**
 * The older form of discovery: APIGroup, APIGroupList and APIResourceList. Keys stand in the order
 * of Kubernetes' own answers.
 */
import { createHash } from 'node:crypto';
import type { ResourceDefinition, SubresourceDefinition } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { GroupDefinitions } from './group-definitions.ts';

/** Go writes an absent list of verbs as null, and clients compare for it. */
export function verbsOf(verbs: readonly string[]): readonly string[] | null {
  return verbs.length === 0 ? null : verbs;
}

export interface ResponseKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * The kind of a subresource where it has a group of its own; undefined where it is its parent's.
 */
export function foreignKind(definition: ResourceDefinition, sub: SubresourceDefinition): ResponseKind | undefined {
  const kind = {
    group: sub.group ?? definition.group,
    version: sub.version ?? definition.version,
    kind: sub.kind ?? definition.kind,
  };
  return kind.group === definition.group && kind.version === definition.version ? undefined : kind;
}

/**
 * kcp's hash of group, version and kind in storage; it puts the logical cluster in front, which is
 * left empty in a document shared by workspaces.
 */
function storageVersionHash(definition: ResourceDefinition): string {
  const group = definition.aliasOf?.group ?? definition.group;
  const version = definition.aliasOf?.version ?? definition.storageVersion ?? definition.version;
  const hash = createHash('sha256').update(`/${group}/${version}/${definition.kind}`).digest();
  return hash.subarray(0, 8).toString('base64');
}

function resourceEntry(definition: ResourceDefinition): object {
  return {
    name: definition.plural,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: verbsOf(definition.verbs),
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(definition.virtual === true ? {} : { storageVersionHash: storageVersionHash(definition) }),
  };
}

function subresourceEntry(definition: ResourceDefinition, sub: SubresourceDefinition): object {
  const foreign = foreignKind(definition, sub);
  return {
    name: `${definition.plural}/${sub.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...(foreign === undefined ? {} : { group: foreign.group, version: foreign.version }),
    kind: sub.kind ?? definition.kind,
    verbs: verbsOf(sub.verbs),
  };
}

/**
 * All resources of one group and version; the core group's list carries no apiVersion, as in
 * Kubernetes.
 */
export function resourceList(definitions: readonly ResourceDefinition[]): object {
  const [first] = definitions;
  const groupVersion = first === undefined ? '' : groupVersionText(first);
  return {
    kind: 'APIResourceList',
    ...(first?.group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: definitions.flatMap((definition) => [
      resourceEntry(definition),
      ...definition.subresources.map((sub) => subresourceEntry(definition, sub)),
    ]),
  };
}

/** What an APIGroup says of a group. */
export function groupEntry(group: GroupDefinitions): object {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}
