/**
 * A logical cluster has an opaque, immutable **name**, which keys start with, and may be reached by
 * a **path**, which people type. A value without `:` is a name, and so is everything that starts
 * with `system:`; any other value with `:` is a path.
 */
declare const clusterName: unique symbol;
declare const workspacePath: unique symbol;

/** The immutable id of a logical cluster, e.g. `2zhx0f1g9nd3c4o`, `root`, `system:admin`. */
export type ClusterName = string & { readonly [clusterName]: true };
/**
 * The name of a logical cluster as a key, an object or a certificate says it: nobody has checked
 * it. Every ClusterName is one; a WorkspacePath is none, so the two cannot be mixed up.
 */
export type LogicalClusterName = string & {
  readonly [clusterName]?: true;
  readonly [workspacePath]?: never;
};
/**
 * What people type: `root:org:team`, or any name followed by workspace names. A name is also a path
 * of one segment.
 */
export type WorkspacePath = string & { readonly [workspacePath]: true };

const namePattern = /^(?:system:[a-z0-9](?:[a-z0-9:-]{0,61}[a-z0-9])?|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;
const pathPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** True for text that can name a logical cluster. */
export function isClusterName(text: string): text is ClusterName {
  return namePattern.test(text);
}

/**
 * Checks and brands; throws a RangeError, since only our own code may call it with unchecked text.
 */
export function asClusterName(text: string): ClusterName {
  if (!isClusterName(text)) throw new RangeError(`Cannot use ${JSON.stringify(text)} as a cluster name`);
  return text;
}

/** True for text that is valid in `/clusters/<text>` (the wildcard `*` is not a path). */
export function isWorkspacePath(text: string): text is WorkspacePath {
  return pathPattern.test(text);
}

/** Checks and brands; throws a RangeError. */
export function asWorkspacePath(text: string): WorkspacePath {
  if (!isWorkspacePath(text)) throw new RangeError(`Cannot use ${JSON.stringify(text)} as a workspace path`);
  return text;
}

/** `parent:name`. */
export function joinPath(parent: WorkspacePath, name: string): WorkspacePath {
  return asWorkspacePath(`${parent}:${name}`);
}
