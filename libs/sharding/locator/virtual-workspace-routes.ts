/**
 * Which service answers for a virtual workspace, for those that hand requests on and serve none
 * themselves.
 */
import { decodeSegment } from '@kcp-ts/http';

export interface VirtualWorkspacePath {
  readonly name: string;
  /**
   * The workspace that the path is about, by path or name: its shard serves what is not merged over
   * all of them.
   */
  readonly workspace: string;
}

/** As the list of the shard's virtual workspaces has them. */
const names: ReadonlySet<string> = new Set(['apiexport', 'apiresourceschema']);
const prefix = '/services/';

/**
 * `/services/<name>/<workspace>/…` of a virtual workspace that there is; undefined for any other
 * path.
 */
export function parseVirtualWorkspacePath(path: string): VirtualWorkspacePath | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const [name = '', workspace = ''] = path.slice(prefix.length).split('/', 2);
  return names.has(name) && workspace !== '' ? { name, workspace: decodeSegment(workspace) } : undefined;
}
