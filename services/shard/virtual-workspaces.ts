/** The virtual workspaces that a shard serves. */
import type { WorkspacePath } from '@kcp-ts/api';
import type { VirtualWorkspace } from '@kcp-ts/virtual-workspaces';
import {
  boundSchemasOf,
  boundSchemasSurface,
  createApiExportWorkspace,
  createApiResourceSchemaWorkspace,
} from '@kcp-ts/virtual-workspaces';
import type { ShardParts } from './parts.ts';

const content = { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'content' };
const bindings = { group: 'apis.kcp.io', resource: 'apibindings', name: '' };

export function virtualWorkspaces(parts: ShardParts): readonly VirtualWorkspace[] {
  const { access, catalog, claims, clusters, reader, surfaces } = parts;
  const { consumers, wasBound } = parts.bindings;
  const { forbidden, mayDeep, ownerAllows, policyClusters, prepareClusters } = access;
  const resolve = (path: string) => {
    const found = clusters.resolve(path as WorkspacePath);
    return found.status === 'found' ? found.cluster : undefined;
  };
  return [
    createApiExportWorkspace({
      claims,
      consumers,
      wasBound,
      mayAccessContent: (user, verb, cluster, name) => mayDeep(user, cluster, verb, { ...content, name }),
      ownerAllows,
      prepareAccess: (exportCluster, claimed, turns) =>
        prepareClusters([exportCluster, ...(claimed === undefined ? [] : policyClusters(claimed))], turns),
      forbidden,
      reader,
      surfaces,
      emptySurface: catalog.intern('export none', () => []),
      resolve,
    }),
    createApiResourceSchemaWorkspace({
      resolve(path) {
        const cluster = resolve(path);
        // A name is itself, whether there is such a cluster or not.
        return cluster !== undefined && clusters.facts(cluster) !== undefined ? cluster : undefined;
      },
      boundSchemas: (cluster) => boundSchemasOf(parts, cluster),
      mayReadBindings: (user, cluster) => mayDeep(user, cluster, 'get', bindings),
      forbidden,
      surface: boundSchemasSurface(catalog),
    }),
  ];
}
