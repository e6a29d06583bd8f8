/**
 * Who has which resource of a workspace, as kcp notes it on the LogicalCluster: an annotation that
 * its readers expect (kcp facts, 4.5.3). Two never have the same, since a binding that takes a
 * resource commits on condition of all that the workspace's bindings and definitions have.
 */
import type { ApiBinding } from './types.ts';

export const resourceLocksAnnotation = 'internal.apis.kcp.io/resource-bindings';

/**
 * `n`: the APIBinding that has a resource; `c`: a CRD of its name has it. By `<resource>.<group>`,
 * of the core group `<resource>`.
 */
export type ResourceLocks = Readonly<Record<string, { readonly n?: string; readonly c?: true }>>;

/** What cannot be read says nothing. */
export function parseLocks(text: string | undefined): ResourceLocks {
  if (text === undefined) return {};
  try {
    const locks = JSON.parse(text) as unknown;
    return typeof locks === 'object' && locks !== null && !Array.isArray(locks) ? (locks as ResourceLocks) : {};
  } catch {
    return {};
  }
}

/** By name, as Go writes a map. */
export function formatLocks(locks: ResourceLocks): string {
  return JSON.stringify(Object.fromEntries(Object.entries(locks).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function locksOf({ metadata, status }: ApiBinding): [string, { readonly n: string }][] {
  return (status?.boundResources ?? []).map(({ group, resource }) => [
    group === '' ? resource : `${resource}.${group}`,
    { n: metadata.name },
  ]);
}

export function locksOfBindings(bindings: readonly ApiBinding[]): ResourceLocks {
  return Object.fromEntries(bindings.flatMap(locksOf));
}

/** The locks once these bindings have what they say, and nothing else. */
export function withBindings(locks: ResourceLocks, bindings: readonly ApiBinding[]): ResourceLocks {
  const names = new Set(bindings.map(({ metadata }) => metadata.name));
  const others = Object.entries(locks).filter(([, { n }]) => n === undefined || !names.has(n));
  return { ...Object.fromEntries(others), ...locksOfBindings(bindings) };
}

/**
 * The locks once these CRDs are there, by name, and no others. What a binding has is the binding's.
 */
export function withDefinitions(locks: ResourceLocks, definitions: readonly string[]): ResourceLocks {
  const bound = Object.entries(locks).filter(([, { n }]) => n !== undefined);
  return { ...Object.fromEntries(definitions.map((name) => [name, { c: true }])), ...Object.fromEntries(bound) };
}
