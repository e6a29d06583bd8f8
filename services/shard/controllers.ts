/**
 * The shard's controllers, as a list. Each declares what it takes of the parts; what has another
 * name there is joined here.
 */
import type { ClusterName } from '@kcp-ts/api';
import type { ServiceAccountTokens } from '@kcp-ts/authn';
import { claimedResources } from '@kcp-ts/catalog';
import type { Controller } from '@kcp-ts/controller-runtime';
import type { ClusterRemoval, RewriteStaleOptions } from '@kcp-ts/controllers';
import {
  createApiBinding,
  createApiExportIdentity,
  createClusterRoleAggregation,
  createCustomResourceDefinition,
  createDefaultBindings,
  createDefinitionLocks,
  createDeletionPropagation,
  createEndpointSlices,
  createExportConsumers,
  createFormerContents,
  createNamespaceContents,
  createNamespaceDeletion,
  createOrphanClusters,
  createPartitionSets,
  createReplicateAnnotations,
  createRewriteStale,
  createTokenSecrets,
  createWorkspaceDeletion,
  createWorkspaceProgress,
  createWorkspaceTypeUrls,
} from '@kcp-ts/controllers';
import { ownershipOf, workspacesOfOtherShards } from '@kcp-ts/sharding';
import { exportsOf, shardsOfConsumers } from '@kcp-ts/sharing';
import { noOtherShards, takesContent } from '@kcp-ts/tenancy';
import type { ShardParts } from './parts.ts';

/** Exports, bindings, and where providers find their consumers. */
function sharingControllers(parts: ShardParts): readonly Controller[] {
  const { catalog, ofAllShards: objects, otherShards, reader, shardName: ownShard } = parts;
  const deps = { ...parts, ...parts.tenancy, ownShard };
  return [
    createApiExportIdentity({ ...deps, takesContent }),
    createApiBinding({
      ...deps,
      exportsOf: (cluster) => exportsOf({ objects, reader }, cluster),
      claimedResources: (cluster, claim) => claimedResources(catalog, cluster as ClusterName, claim),
    }),
    createEndpointSlices({
      ...deps,
      otherShardsOfConsumers: (hash) => (otherShards === undefined ? [] : shardsOfConsumers(otherShards.objects, hash)),
    }),
    createExportConsumers(deps),
    createPartitionSets(deps),
  ];
}

/** Those that Kubernetes' API server and controller manager have, and clients rely on. */
function kubernetesControllers(
  parts: ShardParts,
  { issueForSecret }: Pick<ServiceAccountTokens, 'issueForSecret'>,
): readonly Controller[] {
  return [
    createCustomResourceDefinition(parts),
    createDefinitionLocks(parts),
    createNamespaceDeletion(parts),
    createClusterRoleAggregation(parts),
    createNamespaceContents({
      ...parts,
      isLiving: (cluster) => parts.clusters.facts(cluster)?.deleting === false,
    }),
    createTokenSecrets({ ...parts, issueForSecret }),
    createDeletionPropagation(parts),
  ];
}

/** How workspaces come to be, and go, here and on other shards. */
function workspaceControllers(parts: ShardParts, removal: ClusterRemoval): readonly Controller[] {
  const { otherShards: others, shardName, store, workspacesPrefix } = parts;
  const deps = {
    ...parts,
    ...parts.tenancy,
    removal,
    otherShards: others?.requests ?? noOtherShards(shardName),
    clustersOfOtherShards: workspacesOfOtherShards(store, others, workspacesPrefix),
  };
  const ofSeveralShards = others && [
    createOrphanClusters({
      ...deps,
      ownership: (workspace, cluster) => ownershipOf(others, workspace, cluster),
      catchUp: others.catchUp,
    }),
  ];
  return [
    createWorkspaceTypeUrls(deps),
    createDefaultBindings(deps),
    createWorkspaceProgress(deps),
    createWorkspaceDeletion(deps),
    createFormerContents(deps),
    ...(ofSeveralShards ?? []),
    createReplicateAnnotations(deps),
  ];
}

export function shardControllers(
  parts: ShardParts,
  removal: ClusterRemoval,
  { tokens, ...options }: { readonly tokens: Pick<ServiceAccountTokens, 'issueForSecret'> } & RewriteStaleOptions,
): readonly Controller[] {
  return [
    ...sharingControllers(parts),
    ...kubernetesControllers(parts, tokens),
    ...workspaceControllers(parts, removal),
    createRewriteStale({ ...parts, ...options }),
  ];
}
