/**
 * The API surface of a workspace: the set of resources it serves. Equal sets are one value, so that
 * discovery and OpenAPI are computed once for all.
 */
import type { ServedResource } from './served-resource.ts';

export interface ApiSurface {
  /** Equal for equal sets. */
  readonly key: string;
  readonly resources: readonly ServedResource[];
  find(group: string, version: string, plural: string): ServedResource | undefined;
  /** Any version of a resource. */
  findAny(group: string, plural: string): ServedResource | undefined;
  hasGroup(group: string): boolean;
  hasVersion(group: string, version: string): boolean;
}

export function createApiSurface(key: string, resources: readonly ServedResource[]): ApiSurface {
  const byName = new Map<string, ServedResource>();
  const groups = new Set<string>();
  const versions = new Set<string>();
  for (const served of resources) {
    const { group, version, plural } = served.definition;
    byName.set(`${group}/${version}/${plural}`, served);
    if (!byName.has(`${group}//${plural}`)) byName.set(`${group}//${plural}`, served.storage);
    groups.add(group);
    versions.add(`${group}/${version}`);
  }
  return {
    key,
    resources,
    find: (group, version, plural) => byName.get(`${group}/${version}/${plural}`),
    findAny: (group, plural) => byName.get(`${group}//${plural}`),
    hasGroup: (group) => groups.has(group),
    hasVersion: (group, version) => versions.has(`${group}/${version}`),
  };
}
