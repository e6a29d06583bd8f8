/**
 * What the paths of a WorkspaceType mean. Its author trusts the workspaces that have these paths at
 * the time, with everything that is bound and accepted for workspaces of the type; a workspace that
 * is made again under such a path is another one, and another owner's. What they meant is written
 * into the type, where all its readers see it: so a path means something only where its author may
 * know of the workspace, and otherwise looks like one that no workspace has.
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

/**
 * Paths without a cluster were written by somebody who knew of no workspace of that path, or by an
 * earlier version: they mean whatever has the path.
 */
export function meantClusters(type: WorkspaceType): ReadonlyMap<string, string> {
  const found = parsed(type.metadata.annotations?.[meantClustersAnnotation] ?? '{}');
  if (typeof found !== 'object' || found === null) return new Map();
  return new Map(Object.entries(found).filter((one): one is [string, string] => typeof one[1] === 'string'));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Something that a type refers to: another type by `name`, or an export by `export`. */
export interface PathReference {
  readonly path: string;
  readonly name?: unknown;
  readonly export?: unknown;
}

/**
 * All that a type refers to by path. The type has not been validated: what is not a path has no
 * meaning, and is refused later.
 */
export function pathReferences(type: WorkspaceType | undefined): readonly PathReference[] {
  const { extend, defaultAPIBindings, defaultChildWorkspaceType, limitAllowedChildren, limitAllowedParents } =
    type?.spec ?? {};
  const references: unknown[] = [
    ...listOf(extend?.with),
    ...listOf(defaultAPIBindings),
    ...listOf(limitAllowedChildren?.types),
    ...listOf(limitAllowedParents?.types),
    defaultChildWorkspaceType,
  ];
  return references.filter(
    (reference): reference is PathReference =>
      typeof (reference as { readonly path?: unknown } | null | undefined)?.path === 'string',
  );
}

/** What a type refers to by paths that it did not have before: only these are given a meaning. */
export function newReferences(type: WorkspaceType, old: WorkspaceType | undefined): readonly PathReference[] {
  const before = new Set(pathReferences(old).map(({ path }) => path));
  return pathReferences(type).filter(({ path }) => !before.has(path));
}

/**
 * The value of the annotation for a type that is written now: a path that the type had before goes
 * on meaning the same, also where it meant nothing, since the writer of an update may know of
 * workspaces that readers of the type must not know of. Undefined where it has none.
 */
export function recordMeantClusters(
  type: WorkspaceType,
  old: WorkspaceType | undefined,
  resolve: (reference: PathReference) => string | undefined,
): string | undefined {
  const before: ReadonlyMap<string, string> = old === undefined ? new Map() : meantClusters(old);
  const meant = new Map<string, string>();
  for (const { path } of pathReferences(type)) {
    const cluster = before.get(path);
    if (cluster !== undefined) meant.set(path, cluster);
  }
  for (const reference of newReferences(type, old)) {
    const cluster = meant.get(reference.path) ?? resolve(reference);
    if (cluster !== undefined) meant.set(reference.path, cluster);
  }
  return meant.size === 0 ? undefined : JSON.stringify(Object.fromEntries(meant));
}
