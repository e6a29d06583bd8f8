/** The virtual workspaces that a shard serves. */
import type { WorkspacePath } from '@kcp-ts/api';
import type { VirtualWorkspace } from '@kcp-ts/virtual-workspaces';
import { createApiExportWorkspace, createExportSurfaces } from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

const content = { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'content' };

export function virtualWorkspaces(core: Core, access: Access): readonly VirtualWorkspace[] {
  const surfaces = createExportSurfaces(core);
  core.changes.onChanges((changes) => {
    for (const { event } of changes) surfaces.changed(event.key);
  });
  return [
    createApiExportWorkspace({
      claims: core.claims,
      consumers: core.bindings.consumers,
      wasBound: core.bindings.wasBound,
      mayAccessContent: (user, verb, cluster, name) => access.mayDeep(user, cluster, verb, { ...content, name }),
      ownerAllows: access.ownerAllows,
      prepareAccess: (exportCluster, claimed, turns) =>
        access.prepareClusters(
          [exportCluster, ...(claimed === undefined ? [] : access.policyClusters(claimed))],
          turns,
        ),
      forbidden: access.forbidden,
      reader: core.reader,
      surfaces,
      emptySurface: core.catalog.intern('export none', () => []),
      resolve(path) {
        const found = core.clusters.resolve(path as WorkspacePath);
        return found.status === 'found' ? found.cluster : undefined;
      },
    }),
  ];
}
