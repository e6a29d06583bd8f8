/**
 * A virtual workspace is a value: a name, and how it turns a path below `/services/<name>/` into a
 * view, which brings its own authorizer, API and storage. Programs take a list of them; whatever
 * serves a workspace serves a virtual workspace as well.
 */
import type { UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { ReceivedRequest, SpecialHandler, Target } from '@kcp-ts/apiserver';

export interface VirtualWorkspace {
  /** The segment of its paths: `/services/<name>/…`. */
  readonly name: string;
  /**
   * What a path names, given what stands behind `/services/<name>/`; undefined where that is no
   * path of it. Does no more work than a look-up.
   */
  locate(path: string, request: ReceivedRequest): Target | undefined;
  /** Handlers of resources that it serves and that are not stored (`virtual`). */
  readonly special?: readonly SpecialHandler[];
}

export const servicesPrefix = '/services/';

/** kcp's text for a path that no virtual workspace resolves. */
function unresolved({ method, path }: ReceivedRequest): (user: UserInfo) => StatusError {
  return (user) => {
    const who = `User ${JSON.stringify(user.name)} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}`;
    return new StatusError('Forbidden', `forbidden: ${who}: Path not resolved to a valid virtual workspace`, {});
  };
}

/** The target of a path that begins with `servicesPrefix`. */
export function locateVirtual(workspaces: readonly VirtualWorkspace[], request: ReceivedRequest): Target {
  const behind = request.path.slice(servicesPrefix.length);
  const end = behind.indexOf('/');
  const name = end < 0 ? behind : behind.slice(0, end);
  const workspace = workspaces.find((candidate) => candidate.name === name);
  const found = end < 0 ? undefined : workspace?.locate(behind.slice(end + 1), request);
  return found ?? { kind: 'refused', refusal: unresolved(request) };
}
