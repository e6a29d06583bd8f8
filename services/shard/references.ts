/** What objects refer to in other workspaces: whether their writer may, and may know of it at all. */
import type { UserInfo } from '@kcp-ts/api';
import { isWorkspacePath } from '@kcp-ts/api';
import { exportKey } from '@kcp-ts/sharing';
import type { PathReference } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

type Writer = { readonly user: UserInfo };

export interface References {
  /** Whether the writer may bind `path:name`; false as well where there is no such export. */
  mayBind(writer: Writer, path: string, name: string): boolean;
  /** The verb `use` on a type, in its cluster. */
  mayUse(writer: Writer, cluster: string, name: string): boolean;
  /** Whether the path is the name of the logical cluster that it means, and can therefore never mean another. */
  isName(path: string): boolean;
  /**
   * The logical cluster that the writer of a type means by a path: where it may enter the workspace, or was granted what it refers to there. Otherwise
   * undefined, as where no workspace has the path, or it is a cluster's name.
   */
  meantBy(writer: Writer, reference: PathReference): string | undefined;
}

export function createReferences(
  core: Pick<Core, 'reader'>,
  access: Pick<Access, 'mayDeep' | 'mayEnter'>,
  { resolve }: { resolve(path: string): string | undefined },
): References {
  function mayBind({ user }: Writer, path: string, name: string): boolean {
    const cluster = resolve(path);
    if (cluster === undefined || core.reader.get(exportKey(cluster, name)) === undefined) return false;
    return access.mayDeep(user, cluster, 'bind', { group: 'apis.kcp.io', resource: 'apiexports', name });
  }
  const mayUse = ({ user }: Writer, cluster: string, name: string) =>
    access.mayDeep(user, cluster, 'use', { group: 'tenancy.kcp.io', resource: 'workspacetypes', name });
  return {
    mayBind,
    mayUse,
    isName: (path) => resolve(path) === path,
    meantBy(writer, { path, name, export: exported }) {
      const cluster = isWorkspacePath(path) ? resolve(path) : undefined;
      if (cluster === undefined || cluster === path) return undefined;
      const known =
        access.mayEnter(writer.user, cluster) ||
        (typeof name === 'string' && mayUse(writer, cluster, name)) ||
        (typeof exported === 'string' && mayBind(writer, path, exported));
      return known ? cluster : undefined;
    },
  };
}
