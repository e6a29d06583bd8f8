/** Aggregated discovery (KEP-3352): every group with its resources in one answer. */
import type { ResourceDefinition } from '@kcp-ts/api';
import type { GroupDefinitions, VersionDefinitions } from './group-definitions.ts';
import { foreignKind, verbsOf } from './resource-list.ts';

/**
 * Of a built-in resource the group and version stay empty, which clients read as those of the list
 * it stands in; custom ones say them.
 */
function responseKind(definition: ResourceDefinition, kind: string): object {
  if (definition.dialect === 'builtin') return { group: '', version: '', kind };
  return { group: definition.group, version: definition.version, kind };
}

function resourceItem(definition: ResourceDefinition): object {
  const subresources = definition.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: foreignKind(definition, sub) ?? responseKind(definition, sub.kind ?? definition.kind),
    verbs: verbsOf(sub.verbs),
  }));
  return {
    resource: definition.plural,
    responseKind: responseKind(definition, definition.kind),
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: verbsOf(definition.verbs),
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function versionItem({ version, definitions }: VersionDefinitions): object {
  return { version, resources: definitions.map(resourceItem), freshness: 'Current' };
}

export type AggregatedVersion = 'v2' | 'v2beta1';

interface KnownGroup {
  readonly definitions: readonly ResourceDefinition[];
  readonly text: string;
}

/**
 * Texts of groups by the first of their definitions: a group that holds the same definitions in
 * another surface is not written again.
 */
const known = new WeakMap<ResourceDefinition, KnownGroup>();

function rowsOf({ versions }: GroupDefinitions): readonly ResourceDefinition[] {
  return versions.flatMap(({ definitions }) => definitions);
}

function groupText(group: GroupDefinitions): string {
  const definitions = rowsOf(group);
  const [first] = definitions;
  const found = first === undefined ? undefined : known.get(first);
  if (
    found !== undefined &&
    found.definitions.length === definitions.length &&
    found.definitions.every((definition, at) => definition === definitions[at])
  )
    return found.text;
  const text = JSON.stringify({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map(versionItem),
  });
  if (first !== undefined) known.set(first, { definitions, text });
  return text;
}

/** An APIGroupDiscoveryList of these groups, as JSON. */
export function aggregatedList(groups: readonly GroupDefinitions[], version: AggregatedVersion): string {
  const head = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/${version}","metadata":{},"items":[`;
  return `${head}${groups.map(groupText).join(',')}]}`;
}
