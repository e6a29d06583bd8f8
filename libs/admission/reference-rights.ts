/**
 * What objects refer to in other workspaces: whether their writer may, and may know of it at all.
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import { isWorkspacePath } from '@kcp-ts/api';
import type { Access } from '@kcp-ts/authz';
import type { WriteContext } from '@kcp-ts/registry';
import type { ReferenceRights } from './plugins/references.ts';

export interface ReferenceRightsDependencies {
  readonly access: Pick<Access, 'mayDeep' | 'mayEnter'>;
  /** The logical cluster that a path means here; undefined where it means none. */
  resolve(path: string): string | undefined;
  /** Whether a cluster is known to have an APIExport. */
  hasExport(cluster: LogicalClusterName, name: string): boolean;
}

export function createReferenceRights({ access, resolve, hasExport }: ReferenceRightsDependencies): ReferenceRights {
  function mayBind({ user }: Pick<WriteContext, 'user'>, path: string, name: string): boolean {
    const cluster = resolve(path);
    if (cluster === undefined || !hasExport(cluster, name)) return false;
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
