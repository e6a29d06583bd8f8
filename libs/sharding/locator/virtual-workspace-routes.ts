/**
 * Which service answers for a virtual workspace, for those that hand requests on and serve none
 * themselves.
 */
import type { VirtualWorkspaceName } from '@kcp-ts/api';
import { isVirtualWorkspaceName } from '@kcp-ts/api';
import { decodeSegment } from '@kcp-ts/http';

export interface VirtualWorkspacePath {
  readonly name: VirtualWorkspaceName;
  /**
   * The workspace that the path is about, by path or name: its shard serves what is not merged over
   * all of them.
   */
  readonly workspace: string;
}

const prefix = '/services/';

/**
 * `/services/<name>/<workspace>/…` of a virtual workspace that there is; undefined for any other
 * path.
 */
export function parseVirtualWorkspacePath(path: string): VirtualWorkspacePath | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const [name = '', workspace = ''] = path.slice(prefix.length).split('/', 2);
  return isVirtualWorkspaceName(name) && workspace !== '' ? { name, workspace: decodeSegment(workspace) } : undefined;
}
