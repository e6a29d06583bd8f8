/** The virtual workspaces that a shard serves. */
import type { ClusterName, KubeObject, WorkspacePath } from '@kcp-ts/api';
import { boundResourcesOf } from '@kcp-ts/catalog';
import type { ApiSurface } from '@kcp-ts/registry';
import { bindingsPrefix, boundSchemaKey } from '@kcp-ts/sharing';
import type { VirtualWorkspace } from '@kcp-ts/virtual-workspaces';
import {
  boundSchemaVerbs,
  createApiExportWorkspace,
  createApiResourceSchemaWorkspace,
  createExportSurfaces,
} from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

const bindingsMax = 4_096;
const content = { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'content' };

const bindings = { group: 'apis.kcp.io', resource: 'apibindings', name: '' };

/** The schemas that are bound in a workspace: the copies that were made when they were bound. */
function boundSchemasOf({ store, reader }: Core, cluster: ClusterName): readonly KubeObject[] {
  const uids = new Set(
    store
      .scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax)
      .flatMap((entry) => boundResourcesOf(reader.parse(entry)).map(({ schemaUid }) => schemaUid)),
  );
  return [...uids].flatMap((uid) => reader.get<KubeObject>(boundSchemaKey(uid)) ?? []);
}

function schemasSurface({ catalog }: Core): ApiSurface {
  const served = catalog.base.find('apis.kcp.io', 'v1alpha1', 'apiresourceschemas');
  if (served === undefined) throw new Error('APIResourceSchemas are not built in');
  const definition = { ...served.definition, verbs: boundSchemaVerbs, subresources: [], virtual: true };
  return catalog.intern('bound schemas', () => [{ ...served, definition }]);
}

export function virtualWorkspaces(core: Core, access: Access): readonly VirtualWorkspace[] {
  const surfaces = createExportSurfaces(core);
  core.changes.onChanges((changes) => {
    for (const { event } of changes) surfaces.changed(event.key);
  });
  const resolve = (path: string) => {
    const found = core.clusters.resolve(path as WorkspacePath);
    return found.status === 'found' ? found.cluster : undefined;
  };
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
      resolve,
    }),
    createApiResourceSchemaWorkspace({
      resolve(path) {
        const cluster = resolve(path);
        // A name is itself, whether there is such a cluster or not.
        return cluster !== undefined && core.clusters.facts(cluster) !== undefined ? cluster : undefined;
      },
      boundSchemas: (cluster) => boundSchemasOf(core, cluster),
      mayReadBindings: (user, cluster) => access.mayDeep(user, cluster, 'get', bindings),
      forbidden: access.forbidden,
      surface: schemasSurface(core),
    }),
  ];
}
