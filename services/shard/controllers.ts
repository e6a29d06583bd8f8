/** The shard's controllers, as a list. */

import type { ClusterName } from '@kcp-ts/api';
import { claimedResources } from '@kcp-ts/catalog';
import type { Controller } from '@kcp-ts/controller-runtime';
import type { ControllerDependencies } from '@kcp-ts/controllers';
import {
  createApiBinding,
  createApiExportIdentity,
  createClusterRemoval,
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
  createTokenSecrets,
  createWorkspaceDeletion,
  createWorkspaceProgress,
  createWorkspaceTypeUrls,
} from '@kcp-ts/controllers';
import { ownershipOf, workspacesOfOtherShards } from '@kcp-ts/sharding';
import { exportsOf, shardsOfConsumers } from '@kcp-ts/sharing';
import { noOtherShards, takesContent } from '@kcp-ts/tenancy';
import type { ShardParts } from './parts.ts';
import type { TokenIssuer } from './special-handlers.ts';

/** What all controllers take, and where the kinds are stored that root exports. */
function dependencies({ store, clock, random, shardNumber, served, turns, decide, reader, prefix }: ShardParts) {
  const deps: ControllerDependencies = { store, clock, random, shardNumber, served };
  return {
    deps,
    inSlices: { reader, turns, decide },
    workspacesPrefix: () => prefix('tenancy.kcp.io', 'workspaces'),
    typesPrefix: () => prefix('tenancy.kcp.io', 'workspacetypes'),
    shardsPrefix: () => prefix('core.kcp.io', 'shards'),
    setsPrefix: () => prefix('topology.kcp.io', 'partitionsets'),
    partitionsPrefix: () => prefix('topology.kcp.io', 'partitions'),
  };
}

export function clusterRemoval(parts: ShardParts): ReturnType<typeof createClusterRemoval> {
  const { deps, workspacesPrefix } = dependencies(parts);
  return createClusterRemoval({ ...deps, workspacesPrefix });
}

/** Exports, bindings, and where providers find their consumers. */
function sharingControllers(parts: ShardParts): readonly Controller[] {
  const { deps, inSlices, shardsPrefix, setsPrefix, partitionsPrefix } = dependencies(parts);
  const {
    bindings,
    caBundle,
    catalog,
    claims,
    ofAllShards,
    keepSchema,
    otherShards,
    reader,
    shardName: ownShard,
  } = parts;
  const { resolve, pathOf, shards } = parts.tenancy;
  return [
    createApiExportIdentity({ ...deps, caBundle, pathOf, takesContent }),
    createApiBinding({
      ...deps,
      ...inSlices,
      bindings,
      claims,
      resolve,
      keepSchema,
      exportsOf: (cluster) => exportsOf({ objects: ofAllShards, reader }, cluster),
      claimedResources: (cluster, claim) => claimedResources(catalog, cluster as ClusterName, claim),
    }),
    createEndpointSlices({
      ...deps,
      reader,
      bindings,
      resolve,
      shards,
      partitionsPrefix,
      ownShard,
      otherShardsOfConsumers: (hash) => (otherShards === undefined ? [] : shardsOfConsumers(otherShards.objects, hash)),
    }),
    createExportConsumers({ ...deps, bindings, ownShard }),
    createPartitionSets({ ...deps, shards, shardsPrefix, setsPrefix, partitionsPrefix }),
  ];
}

/** Those that Kubernetes' API server and controller manager have, and clients rely on. */
function kubernetesControllers(parts: ShardParts, tokens: TokenIssuer): readonly Controller[] {
  const { deps } = dependencies(parts);
  const { caBundle, clusters, labelNew, reader, turns } = parts;
  return [
    createCustomResourceDefinition({ ...deps, reader }),
    createDefinitionLocks(deps),
    createNamespaceDeletion(deps),
    createClusterRoleAggregation({ ...deps, turns }),
    createNamespaceContents({
      ...deps,
      caBundle,
      isLiving: (cluster) => clusters.facts(cluster)?.deleting === false,
      label: labelNew,
    }),
    createTokenSecrets({ ...deps, caBundle, issueForSecret: tokens.issueForSecret }),
    createDeletionPropagation(deps),
  ];
}

/** How workspaces come to be, and go, here and on other shards. */
function workspaceControllers(parts: ShardParts): readonly Controller[] {
  const { types, plan, resolve, pathOf, shards, allTypes } = parts.tenancy;
  const { deps, inSlices, workspacesPrefix, typesPrefix, shardsPrefix } = dependencies(parts);
  const { store, clock, decide, otherShards, shardName } = parts;
  const removal = clusterRemoval(parts);
  const others = {
    otherShards: otherShards?.requests ?? noOtherShards(shardName),
    clustersOfOtherShards: workspacesOfOtherShards(store, otherShards, workspacesPrefix),
  };
  return [
    createWorkspaceTypeUrls({ ...deps, shards, shardsPrefix, typesPrefix }),
    createDefaultBindings({ ...deps, ...inSlices, types, resolve, typesPrefix, allTypes }),
    createWorkspaceProgress({ ...deps, ...others, plan, types, workspacesPrefix, shardsPrefix, pathOf }),
    createWorkspaceDeletion({ ...deps, ...others, workspacesPrefix, removal }),
    createFormerContents(deps),
    ...(otherShards === undefined
      ? []
      : [
          createOrphanClusters({
            store,
            clock,
            decide,
            removal,
            ownership: (workspace, cluster) => ownershipOf(otherShards, workspace, cluster),
            catchUp: otherShards.catchUp,
          }),
        ]),
    createReplicateAnnotations({ ...deps, typesPrefix }),
  ];
}

export function shardControllers(parts: ShardParts, tokens: TokenIssuer): readonly Controller[] {
  return [...sharingControllers(parts), ...kubernetesControllers(parts, tokens), ...workspaceControllers(parts)];
}
