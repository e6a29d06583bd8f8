/**
 * A virtual workspace is a value: how it turns a path below `/services/<name>/` into a view, which
 * brings its own authorizer, API and storage. Programs take one for each name; whatever serves a
 * workspace serves a virtual workspace as well.
 */
import type { UserInfo, VirtualWorkspaceName } from '@kcp-ts/api';
import { isVirtualWorkspaceName, StatusError } from '@kcp-ts/api';
import type { ReceivedRequest, Target } from '@kcp-ts/apiserver';

export interface VirtualWorkspace {
  /**
   * What a path names, given what stands behind `/services/<name>/`; undefined where that is no
   * path of it. Does no more work than a look-up.
   */
  locate(path: string, request: ReceivedRequest): Target | undefined;
}

/** By the segment of their paths: `/services/<name>/…`. */
export type VirtualWorkspaces = Readonly<Record<VirtualWorkspaceName, VirtualWorkspace>>;

export const servicesPrefix = '/services/';

/** kcp's text for a path that no virtual workspace resolves. */
function unresolved({ method, path }: ReceivedRequest): (user: UserInfo) => StatusError {
  return (user) => {
    const who = `User ${JSON.stringify(user.name)} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}`;
    return new StatusError('Forbidden', `forbidden: ${who}: Path not resolved to a valid virtual workspace`, {});
  };
}

/** The target of a path that begins with `servicesPrefix`. */
export function locateVirtual(workspaces: VirtualWorkspaces, request: ReceivedRequest): Target {
  const behind = request.path.slice(servicesPrefix.length);
  const end = behind.indexOf('/');
  const name = end < 0 ? behind : behind.slice(0, end);
  const workspace = isVirtualWorkspaceName(name) ? workspaces[name] : undefined;
  const found = end < 0 ? undefined : workspace?.locate(behind.slice(end + 1), request);
  return found ?? { kind: 'refused', refusal: unresolved(request) };
}
