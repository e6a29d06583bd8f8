/**
 * What the paths of a WorkspaceType mean. Its author trusts the workspaces that have these paths at the time, with everything that is bound and accepted for
 * workspaces of the type; a workspace that is made again under such a path is another one, and somebody else's.
 */
import type { WorkspaceType } from './types.ts';
import { meantClustersAnnotation } from './types.ts';

/** Undefined for text that is no JSON: an earlier version let anybody write the annotation. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Paths without a cluster were written when there was no workspace of that path, or by an earlier version: they mean whatever has the path. */
export function meantClusters(type: WorkspaceType): ReadonlyMap<string, string> {
  const found = parsed(type.metadata.annotations?.[meantClustersAnnotation] ?? '{}');
  if (typeof found !== 'object' || found === null) return new Map();
  return new Map(Object.entries(found).filter((one): one is [string, string] => typeof one[1] === 'string'));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * The value of the annotation for a type that is written now: a path that the type had before goes on meaning the same. Undefined where it has none. The type
 * has not been validated: what is not a path has no meaning, and is refused later.
 */
export function recordMeantClusters(
  type: WorkspaceType,
  old: WorkspaceType | undefined,
  resolve: (path: string) => string | undefined,
): string | undefined {
  const { extend, defaultAPIBindings, defaultChildWorkspaceType, limitAllowedChildren, limitAllowedParents } =
    type.spec ?? {};
  const references: unknown[] = [
    ...listOf(extend?.with),
    ...listOf(defaultAPIBindings),
    ...listOf(limitAllowedChildren?.types),
    ...listOf(limitAllowedParents?.types),
    defaultChildWorkspaceType,
  ];
  const before: ReadonlyMap<string, string> = old === undefined ? new Map() : meantClusters(old);
  const meant = new Map<string, string>();
  for (const reference of references) {
    const path = (reference as { readonly path?: unknown } | null | undefined)?.path;
    if (typeof path !== 'string') continue;
    const cluster = before.get(path) ?? resolve(path);
    if (cluster !== undefined) meant.set(path, cluster);
  }
  return meant.size === 0 ? undefined : JSON.stringify(Object.fromEntries(meant));
}
