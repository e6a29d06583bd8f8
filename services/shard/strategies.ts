/** How workspaces are made, and what the strategies of built-in kinds take from the shard. */

import type { ClusterName, LogicalClusterName, WorkspacePath } from '@kcp-ts/api';
import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { KindDependencies } from '@kcp-ts/kinds';
import type { ApiResourceSchema } from '@kcp-ts/sharing';
import { boundSchemaKey, exportKey, schemaKey } from '@kcp-ts/sharing';
import type { PlanDependencies, Shard, WorkspaceTypes } from '@kcp-ts/tenancy';
import { createWorkspaceTypes } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import { createReferences } from './references.ts';

/** What the making of workspaces and the reading of paths need of the shard. */
export interface Tenancy {
  readonly types: WorkspaceTypes;
  readonly plan: PlanDependencies;
  resolve(path: string): string | undefined;
  pathOf(cluster: LogicalClusterName): string;
  shards(): readonly Shard[];
}

const shardsMax = 4_096;

export function createTenancy(core: Core, caBundle: string): Tenancy {
  const { reader, clusters, peers } = core;
  const resolve = (path: string) => {
    if (!isWorkspacePath(path) && !path.startsWith('system:')) return undefined;
    const found = clusters.resolve(path as WorkspacePath);
    return found.status === 'found' ? found.cluster : undefined;
  };
  const pathOf = (cluster: LogicalClusterName) =>
    clusters.facts(cluster as ClusterName)?.path ?? peers?.index.cluster(cluster)?.path ?? cluster;
  const shards = () =>
    core.everywhere
      .scan({ prefix: `${core.ownPrefix('core.kcp.io', 'shards')}root/` }, shardsMax)
      .map((entry) => reader.parse<Shard>(entry));
  const types = createWorkspaceTypes({
    reader,
    resolve,
    pathOf,
    parentOf: (cluster) =>
      clusters.facts(cluster as ClusterName)?.owner?.cluster ?? peers?.index.cluster(cluster)?.parent,
    typesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes'),
  });
  const plan: PlanDependencies = {
    served: core.served,
    uuid: core.random.uuid,
    shardNumber: core.shardNumber,
    random: core.random,
    caBundle,
    placing: { ownShard: core.shardName, load: (shard) => (peers === undefined ? 0 : peers.load(shard)) },
    shards,
    resolve,
    export: (cluster, name) => reader.get(exportKey(cluster, name)),
    schema: (cluster, name) => reader.get<ApiResourceSchema>(schemaKey(cluster, name)),
    boundSchema: (uid) => reader.get<ApiResourceSchema>(boundSchemaKey(uid)),
    keepSchema: core.keepSchema,
    nothingIn(cluster) {
      const condition = core.store.unchanged({ cluster });
      if (core.store.scan({ cluster }, 1).length > 0)
        throw new StatusError(
          'ServiceUnavailable',
          `logical cluster ${cluster} is not empty: what was in a former one is not gone yet`,
          { retryAfterSeconds: 1 },
        );
      return condition;
    },
  };
  return { types, plan, resolve, pathOf, shards };
}

export function kindDependencies(core: Core, access: Access, tenancy: Tenancy): KindDependencies {
  const { plan, types, resolve, pathOf } = tenancy;
  const { mayBind, mayUse, meantBy } = createReferences(core, access, tenancy);
  return {
    plan,
    types,
    resolve,
    pathOf,
    mayBind,
    meantBy,
    served: core.served,
    uuid: core.random.uuid,
    shardNumber: core.shardNumber,
    caBundle: plan.caBundle,
    label: core.labelNew,
    clusterDeleting: (cluster) => core.clusters.facts(cluster)?.deleting ?? false,
    escalation: access.escalation,
    maySign: access.maySign,
    parent: (cluster) => core.clusters.facts(cluster as ClusterName),
    mayUse: (context, type) => mayUse(context, type.cluster, type.name),
    clustersOn: (shard) => core.peers?.load(shard) ?? 0,
    isClaimableWithoutIdentity: (group, resource) =>
      !resource.startsWith('selfsubject') && core.isBuiltin(group, resource),
    isBuiltin: core.isBuiltin,
  };
}
