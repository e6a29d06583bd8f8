/** A workspace as its URL says it: everything before `/clusters/`, and the path after it. */

export interface WorkspaceUrl {
  readonly base: string;
  readonly path: string;
}

const segment = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isWorkspacePathText(path: string): boolean {
  return path.split(':').every((part) => segment.test(part));
}

/**
 * Undefined when the URL points to no workspace: a bare server, a wildcard, a virtual workspace.
 */
export function parseWorkspaceUrl(server: string): WorkspaceUrl | undefined {
  const url = URL.parse(server);
  if (url === null) return undefined;
  const match = /^(.*)\/clusters\/([^/]+)\/?$/.exec(url.pathname);
  if (match === null) return undefined;
  const [, prefix = '', path = ''] = match;
  if (prefix.includes('/services/') || !isWorkspacePathText(path)) return undefined;
  return { base: url.origin + prefix, path };
}

/** The server's base URL whether or not it points to a workspace. */
export function baseUrlOf(server: string): string {
  return parseWorkspaceUrl(server)?.base ?? server;
}

export function workspaceUrl(base: string, path: string): string {
  return `${base}/clusters/${path}`;
}

/** The path above; undefined for one that has none. A `system:` name is never split. */
export function parentOf(path: string): string | undefined {
  const colon = path.lastIndexOf(':');
  return colon < 0 || path.startsWith('system:') ? undefined : path.slice(0, colon);
}

export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf(':') + 1);
}

export type ResolvedPath =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'above-top'; readonly top: string };

/**
 * Walks `argument` from `current` as `cd` would: `a:b` goes down, `..` up, `.` stays, a leading `:`
 * starts at the top, and `/` counts as `:`. `:` alone is `root`.
 */
export function resolvePath(current: string, argument: string): ResolvedPath {
  const text = argument.replaceAll('/', ':');
  if (text === ':') return { kind: 'path', path: 'root' };
  const absolute = text.startsWith(':');
  const steps = (absolute ? text.slice(1) : text).split(':');
  let path = absolute ? '' : current;
  for (const step of steps) {
    if (step === '.') continue;
    if (step === '..') {
      const parent = parentOf(path);
      if (parent === undefined) return { kind: 'above-top', top: path };
      path = parent;
    } else if (segment.test(step)) {
      path = path === '' ? step : `${path}:${step}`;
    } else {
      return { kind: 'invalid' };
    }
  }
  return path === '' ? { kind: 'invalid' } : { kind: 'path', path };
}
