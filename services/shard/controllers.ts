/** The shard's controllers, as a list. */
import type { Controller } from '@kcp-ts/controller';
import {
  createApiBinding,
  createApiExportIdentity,
  createCustomResourceDefinition,
  createDeletionPropagation,
  createEndpointSlices,
  createNamespaceDeletion,
  createWorkspaceDeletion,
  createWorkspaceProgress,
} from '@kcp-ts/controllers';
import type { ClusterName } from '@kcp-ts/meta';
import { isClaimOn } from '@kcp-ts/sharing';
import { logicalClusterKey } from '@kcp-ts/workspace-index';
import type { Tenancy } from './behaviours.ts';
import type { Core } from './core.ts';

export function shardControllers(core: Core, tenancy: Tenancy, caBundle: string): readonly Controller[] {
  const { store, clock, random, shardNumber, served, reader, bindings, claims, keepSchema } = core;
  const needs = { store, clock, random, shardNumber, served };
  const workspacesPrefix = () => core.ownPrefix('tenancy.kcp.io', 'workspaces');
  const { resolve, pathOf, shards } = tenancy;
  return [
    createApiExportIdentity({ ...needs, caBundle, pathOf }),
    createApiBinding({
      ...needs,
      reader,
      bindings,
      claims,
      resolve,
      keepSchema,
      claimedResources(cluster, claim) {
        const found = core.catalog
          .surface(cluster as ClusterName)
          .resources.filter((resource) => isClaimOn(claim, resource.row.group, resource.row.plural, resource.identity));
        return [...new Set(found.map((resource) => resource.storage))].filter(({ row }) => row.virtual !== true);
      },
    }),
    createEndpointSlices({
      ...needs,
      reader,
      bindings,
      resolve,
      shards,
      partitionsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitions'),
    }),
    createCustomResourceDefinition({ ...needs, reader }),
    createNamespaceDeletion(needs),
    createDeletionPropagation(needs),
    createWorkspaceProgress({
      ...needs,
      plan: tenancy.plan,
      types: tenancy.types,
      workspacesPrefix,
      shardsPrefix: () => core.ownPrefix('core.kcp.io', 'shards'),
      logicalClusterKey: (cluster) => logicalClusterKey(cluster),
      pathOf,
    }),
    createWorkspaceDeletion({ ...needs, workspacesPrefix, logicalClusterKey: (cluster) => logicalClusterKey(cluster) }),
  ];
}
