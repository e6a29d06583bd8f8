/** The shard's controllers, as a list. */

import type { ClusterName } from '@kcp-ts/api';
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
  exportConsumersPrefix,
  noOtherShards,
  parseExportConsumersKey,
} from '@kcp-ts/controllers';
import type { ServedResource } from '@kcp-ts/registry';
import { logicalClusterKey } from '@kcp-ts/sharding';
import type { ApiExport, ClaimKey } from '@kcp-ts/sharing';
import { exportsPrefix, isClaimOn } from '@kcp-ts/sharing';
import type { Reads } from '@kcp-ts/storage';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import type { ResolvedType, WorkspaceType } from '@kcp-ts/tenancy';
import type { Core } from './core.ts';
import type { TokenIssuer } from './kubernetes-parts.ts';
import type { Peers } from './peers.ts';
import type { Tenancy } from './strategies.ts';

const exportsMax = 5_000;
const typesMax = 10_000;
const shardsMax = 4_096;

/** The needs of those who take clusters away. */
export function clusterRemoval(core: Core): ReturnType<typeof createClusterRemoval> {
  const { store, clock, random, shardNumber, served } = core;
  return createClusterRemoval({
    store,
    clock,
    random,
    shardNumber,
    served,
    workspacesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspaces'),
    logicalClusterKey,
  });
}

/** Other shards with somebody who is bound to an export. */
function consumersElsewhere({ peers }: Core, exportHash: string): string[] {
  const said = peers?.objects.scan({ prefix: `${exportConsumersPrefix}${exportHash}/` }, shardsMax) ?? [];
  return said.map(({ key }) => parseExportConsumersKey(key).shard);
}

function orphanClusters(core: Core, { index, load, catchUp }: Peers): Controller {
  return createOrphanClusters({
    store: core.store,
    clock: core.clock,
    decide: core.decide,
    logicalClusterKey,
    removal: clusterRemoval(core),
    ownership({ cluster: parent, name }, cluster) {
      const placed = index.cluster(parent);
      // A shard that takes no clusters now is one that cannot be heard.
      if (placed === undefined || load(placed.shard) === undefined) return 'unknown';
      const workspace = index.workspace(parent, name);
      if (workspace === undefined) return 'none';
      if (workspace.cluster === undefined) return 'unknown';
      return workspace.cluster === cluster ? 'owned' : 'none';
    },
    catchUp,
  });
}

function exportsOf({ everywhere, reader }: Core, cluster: string): readonly ApiExport[] {
  const entries = everywhere.scan({ prefix: `${exportsPrefix}${cluster}/` }, exportsMax);
  return entries.map((entry) => reader.parse<ApiExport>(entry));
}

function* allTypes({ store, peers, reader }: Core, { pathOf }: Tenancy, prefix: string): Generator<ResolvedType> {
  for (const entry of [...store.scan({ prefix }, typesMax), ...(peers?.objects.scan({ prefix }, typesMax) ?? [])]) {
    const { cluster, name } = parseKey(entry.key);
    yield { cluster, path: pathOf(cluster), name, type: reader.parse<WorkspaceType>(entry) };
  }
}

function claimedResources({ catalog }: Core, cluster: string, claim: ClaimKey): readonly ServedResource[] {
  const found = catalog
    .surface(cluster as ClusterName)
    .resources.filter((resource) =>
      isClaimOn(claim, resource.definition.group, resource.definition.plural, resource.identity),
    );
  return [...new Set(found.map((resource) => resource.storage))].filter(
    ({ definition }) => definition.virtual !== true,
  );
}

function takesContent(reads: Reads, cluster: string): boolean {
  const entry = reads.peek(logicalClusterKey(cluster));
  return cluster.startsWith('system:') || (entry !== undefined && (storedFlags(entry.value) & flagDeleting) === 0);
}

interface Given {
  readonly caBundle: string;
  readonly tokens: TokenIssuer;
}

/** Those that Kubernetes' controller manager has, and clients rely on. */
function kubernetesControllers(
  core: Core,
  deps: ControllerDependencies,
  { caBundle, tokens }: Given,
): readonly Controller[] {
  return [
    createNamespaceDeletion(deps),
    createClusterRoleAggregation({ ...deps, turns: core.turns }),
    createNamespaceContents({
      ...deps,
      caBundle,
      isLiving: (cluster) => core.clusters.facts(cluster)?.deleting === false,
      label: core.labelNew,
    }),
    createTokenSecrets({ ...deps, caBundle, issueForSecret: tokens.issueForSecret }),
  ];
}

export function shardControllers(core: Core, tenancy: Tenancy, given: Given): readonly Controller[] {
  const { caBundle } = given;
  const { store, clock, random, shardNumber, served, reader, bindings, claims, keepSchema } = core;
  const deps = { store, clock, random, shardNumber, served };
  const inClusters = { ...deps, logicalClusterKey };
  const workspacesPrefix = () => core.ownPrefix('tenancy.kcp.io', 'workspaces');
  const typesPrefix = () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes');
  const shardsPrefix = () => core.ownPrefix('core.kcp.io', 'shards');
  const { resolve, pathOf, shards } = tenancy;
  const otherShards = core.peers?.shards ?? noOtherShards(core.shardName);
  return [
    createApiExportIdentity({ ...deps, caBundle, pathOf, takesContent }),
    createApiBinding({
      ...inClusters,
      ...{ reader, turns: core.turns, decide: core.decide },
      bindings,
      claims,
      resolve,
      exportsOf: (cluster) => exportsOf(core, cluster),
      keepSchema,
      claimedResources: (cluster, claim) => claimedResources(core, cluster, claim),
    }),
    createEndpointSlices({
      ...deps,
      reader,
      bindings,
      resolve,
      shards,
      ownShard: core.shardName,
      consumersElsewhere: (hash) => consumersElsewhere(core, hash),
      partitionsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitions'),
    }),
    createCustomResourceDefinition({ ...deps, reader }),
    createDefinitionLocks(inClusters),
    createFormerContents(inClusters),
    ...kubernetesControllers(core, deps, given),
    createPartitionSets({
      ...deps,
      shards,
      shardsPrefix,
      setsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitionsets'),
      partitionsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitions'),
    }),
    createWorkspaceTypeUrls({ ...deps, shards, shardsPrefix, typesPrefix }),
    createDeletionPropagation(deps),
    createDefaultBindings({
      ...inClusters,
      ...{ reader, types: tenancy.types, turns: core.turns, decide: core.decide },
      ...{ resolve, typesPrefix, allTypes: () => allTypes(core, tenancy, typesPrefix()) },
    }),
    createWorkspaceProgress({
      ...inClusters,
      plan: tenancy.plan,
      types: tenancy.types,
      workspacesPrefix,
      shardsPrefix,
      pathOf,
      otherShards,
    }),
    createWorkspaceDeletion({ ...inClusters, workspacesPrefix, removal: clusterRemoval(core), otherShards }),
    ...(core.peers === undefined ? [] : [orphanClusters(core, core.peers)]),
    createExportConsumers({ ...deps, bindings, ownShard: core.shardName }),
    createReplicateAnnotations({ ...inClusters, typesPrefix }),
  ];
}
