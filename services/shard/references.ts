/** What objects refer to in other workspaces: whether their writer may, and may know of it at all. */

import type { ReferenceRights } from '@kcp-ts/admission';
import type { LogicalClusterName } from '@kcp-ts/api';
import { isWorkspacePath } from '@kcp-ts/api';
import type { WriteContext } from '@kcp-ts/registry';
import { exportKey } from '@kcp-ts/sharing';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

export function createReferences(
  core: Pick<Core, 'reader'>,
  access: Pick<Access, 'mayDeep' | 'mayEnter'>,
  { resolve }: { resolve(path: string): string | undefined },
): ReferenceRights {
  function mayBind({ user }: Pick<WriteContext, 'user'>, path: string, name: string): boolean {
    const cluster = resolve(path);
    if (cluster === undefined || core.reader.get(exportKey(cluster, name)) === undefined) return false;
    return access.mayDeep(user, cluster, 'bind', { group: 'apis.kcp.io', resource: 'apiexports', name });
  }
  const mayUse = ({ user }: Pick<WriteContext, 'user'>, cluster: LogicalClusterName, name: string) =>
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
