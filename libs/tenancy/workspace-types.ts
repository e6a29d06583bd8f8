/**
 * WorkspaceTypes: which one a workspace gets, what it extends, and whether parent and child allow
 * each other. Texts as kcp's admission (facts, 7).
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { ParsedReader } from '@kcp-ts/storage';
import { meantClusters } from './meant-clusters.ts';
import type { TypeLimit, TypeReference, WorkspaceType } from './types.ts';

/**
 * How many types one extends, those of what it extends among them, each as often as it is named:
 * all are looked at when a workspace is made.
 */
const extendedMax = 1_000;
/**
 * How many default bindings a type has with all that it extends: they are made in the commit that
 * makes a workspace.
 */
const defaultBindingsMax = 64;

export interface ResolvedType {
  /** The logical cluster that holds the type. */
  readonly cluster: LogicalClusterName;
  /** Its canonical path. */
  readonly path: string;
  readonly name: string;
  readonly type: WorkspaceType;
}

export interface TypeDependencies {
  readonly reader: ParsedReader;
  resolve(path: string): string | undefined;
  /** The canonical path of a cluster. */
  pathOf(cluster: LogicalClusterName): string;
  /** The parent of a cluster in the tree; undefined at the top. */
  parentOf(cluster: LogicalClusterName): string | undefined;
  /** `tenancy.kcp.io/workspacetypes/<identity>/`. */
  typesPrefix(): string;
}

export interface WorkspaceTypes {
  /**
   * The type `path:name`; undefined where there is none. `cluster`: the logical cluster that the
   * path meant when the type was admitted, so that nothing made again under the path is taken for
   * it; undefined where it is being admitted, or the path cannot mean another.
   */
  at(path: string, name: string, cluster?: LogicalClusterName): ResolvedType | undefined;
  /** A type without a path: in the cluster itself, in its ancestors, then in root. */
  near(cluster: LogicalClusterName, name: string): ResolvedType | undefined;
  /**
   * A type that another one refers to, in the workspace that its author meant: beside it where the
   * reference has no path.
   */
  referred(from: ResolvedType, reference: TypeReference): ResolvedType | undefined;
  /**
   * The type and all that it extends, each once; throws an Error whose message says what is wrong.
   */
  aliases(type: ResolvedType): readonly ResolvedType[];
}

/** `path:name`, as messages and annotations name a type. */
export function typeName(type: { readonly path: string; readonly name: string }): string {
  return `${type.path}:${type.name}`;
}

/** `<path>:<name>` taken apart at the last colon. */
export function parseTypeName(text: string): { readonly path: string; readonly name: string } | undefined {
  const colon = text.lastIndexOf(':');
  return colon < 0 ? undefined : { path: text.slice(0, colon), name: text.slice(colon + 1) };
}

/** The id of a type's initializer or terminator: it names the logical cluster, not the path. */
export function lifecycleId(type: Pick<ResolvedType, 'cluster' | 'name'>): string {
  return `${type.cluster}:${type.name}`;
}

export function createWorkspaceTypes(deps: TypeDependencies): WorkspaceTypes {
  function inCluster(cluster: LogicalClusterName, name: string): ResolvedType | undefined {
    const type = deps.reader.get<WorkspaceType>(`${deps.typesPrefix()}${cluster}//${name}`);
    return type === undefined ? undefined : { cluster, path: deps.pathOf(cluster), name, type };
  }

  function at(path: string, name: string, meant?: string): ResolvedType | undefined {
    const cluster = meant ?? deps.resolve(path);
    return cluster === undefined ? undefined : inCluster(cluster, name);
  }

  type Meant = ReturnType<typeof meantClusters>;

  function referred(
    from: ResolvedType,
    { path, name }: TypeReference,
    meant: Meant = meantClusters(from.type),
  ): ResolvedType | undefined {
    if (path === undefined) return inCluster(from.cluster, name);
    return at(path, name, meant.get(path));
  }

  /** `seen`: all types so far; `followed`: how many references to them. */
  function collect(
    type: ResolvedType,
    trail: readonly string[],
    all: { readonly seen: Map<string, ResolvedType>; followed: number; bindings: number },
  ): void {
    const id = typeName(type);
    if (trail.includes(id))
      throw new Error(`circular dependency detected in workspace type ${trail[0]}: ${[...trail, id].join(' -> ')}`);
    if (all.seen.has(id)) return;
    all.seen.set(id, type);
    const extended = type.type.spec?.extend?.with ?? [];
    all.followed += extended.length;
    if (all.followed > extendedMax)
      throw new Error(`workspace type ${trail[0] ?? id} extends more than ${extendedMax} types`);
    all.bindings += type.type.spec?.defaultAPIBindings?.length ?? 0;
    if (all.bindings > defaultBindingsMax)
      throw new Error(`workspace type ${trail[0] ?? id} brings more than ${defaultBindingsMax} default APIBindings`);
    const meant = meantClusters(type.type);
    for (const reference of extended) {
      const found = referred(type, reference, meant);
      if (found === undefined)
        throw new Error(`unable to find inherited workspace type ${reference.path ?? type.path}:${reference.name}`);
      collect(found, [...trail, id], all);
    }
  }

  return {
    at,
    referred: (from, reference) => referred(from, reference),
    near(cluster, name) {
      for (let here: string | undefined = cluster; here !== undefined; here = deps.parentOf(here)) {
        const found = inCluster(here, name);
        if (found !== undefined) return found;
      }
      return inCluster('root', name);
    },
    aliases(type) {
      const all = { seen: new Map<string, ResolvedType>(), followed: 0, bindings: 0 };
      collect(type, [], all);
      return [...all.seen.values()];
    },
  };
}

function listed(types: readonly TypeReference[]): string {
  return `[${types.map((type) => `${type.path ?? ''}:${type.name}`).join(' ')}]`;
}

/**
 * Whether the limit of a type allows one of these: by name and path, in the workspace that its
 * author meant by the path.
 */
function intersects(from: ResolvedType, limit: readonly TypeReference[], aliases: readonly ResolvedType[]): boolean {
  const clusters = meantClusters(from.type);
  return limit.some(({ path = '', name }) =>
    aliases.some((alias) => {
      const meant = clusters.get(path) ?? alias.cluster;
      return alias.name === name && alias.path === path && alias.cluster === meant;
    }),
  );
}

function names(aliases: readonly ResolvedType[]): string {
  return `[${aliases.map(typeName).join(' ')}]`;
}

function refuses(limit: TypeLimit | undefined): readonly TypeReference[] | 'all' | undefined {
  if (limit === undefined) return undefined;
  if (limit.none === true) return 'all';
  return limit.types;
}

/**
 * Why a workspace of one type may not be created in a workspace of another; undefined where it may.
 */
export function parentChildProblem(
  parent: readonly ResolvedType[],
  child: readonly ResolvedType[],
): string | undefined {
  const [parentType] = parent;
  const [childType] = child;
  if (parentType === undefined || childType === undefined) return undefined;
  for (const alias of child) {
    const limit = refuses(alias.type.spec?.limitAllowedParents);
    // Only the type itself may forbid all parents: what it extends speaks for itself.
    if (limit === 'all' && alias === childType) return `workspace type ${typeName(childType)} cannot have any parent`;
    if (limit === 'all' || limit === undefined || intersects(alias, limit, parent)) continue;
    const extending = alias === childType ? '' : ` extends ${typeName(alias)}, which`;
    return `workspace type ${typeName(childType)}${extending} only allows ${listed(limit)} parent workspaces, but parent type ${typeName(parentType)} only implements ${names(parent)}`;
  }
  for (const alias of parent) {
    const limit = refuses(alias.type.spec?.limitAllowedChildren);
    if (limit === 'all' && alias === parentType) return `workspace type ${typeName(parentType)} cannot have any child`;
    if (limit === 'all' || limit === undefined || intersects(alias, limit, child)) continue;
    const extending = alias === parentType ? '' : ` extends ${typeName(alias)}, which`;
    return `workspace type ${typeName(parentType)}${extending} only allows ${listed(limit)} child workspaces, but child type ${typeName(childType)} only implements ${names(child)}`;
  }
  return undefined;
}
