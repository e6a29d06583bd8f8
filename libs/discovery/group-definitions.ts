import type { ResourceDefinition } from '@kcp-ts/api';
import { compareVersions } from './compare-versions.ts';

export interface VersionDefinitions {
  readonly version: string;
  readonly definitions: readonly ResourceDefinition[];
}

export interface GroupDefinitions {
  readonly name: string;
  /** The preferred version first. */
  readonly versions: readonly VersionDefinitions[];
}

/**
 * Built-in groups in the order of their definitions, then groups of custom kinds by the alphabet,
 * then custom groups that only show others' objects.
 */
function placeOf(definitions: readonly ResourceDefinition[]): number {
  if (definitions.some((definition) => definition.dialect === 'builtin')) return 0;
  return definitions.every((definition) => definition.aliasOf !== undefined) ? 2 : 1;
}

function groupBy(
  definitions: readonly ResourceDefinition[],
  key: (definition: ResourceDefinition) => string,
): Map<string, ResourceDefinition[]> {
  const groups = new Map<string, ResourceDefinition[]>();
  for (const definition of definitions) {
    const group = groups.get(key(definition));
    if (group === undefined) groups.set(key(definition), [definition]);
    else group.push(definition);
  }
  return groups;
}

/**
 * The groups of a surface as discovery lists them; definitions of a version keep the order in which
 * they are given. The core group has the name ''.
 */
export function groupDefinitions(definitions: readonly ResourceDefinition[]): readonly GroupDefinitions[] {
  const groups = [...groupBy(definitions, (definition) => definition.group)].map(([name, members]) => ({
    name,
    place: placeOf(members),
    versions: [...groupBy(members, (definition) => definition.version)]
      .map(([version, ofVersion]) => ({ version, definitions: ofVersion }))
      .sort((a, b) => compareVersions(a.version, b.version)),
  }));
  return groups.sort((a, b) => a.place - b.place || (a.place === 0 ? 0 : a.name < b.name ? -1 : 1));
}
