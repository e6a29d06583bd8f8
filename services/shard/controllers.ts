/** The shard's controllers, as a list. */

import type { ClusterName, LogicalClusterName } from '@kcp-ts/api';
import type { Controller, Source } from '@kcp-ts/controller-runtime';
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
  parseExportConsumersKey,
} from '@kcp-ts/controllers';
import type { ServedResource } from '@kcp-ts/registry';
import type { Peers } from '@kcp-ts/sharding';
import type { ApiExport, ClaimKey } from '@kcp-ts/sharing';
import { exportsPrefix, isClaimOn } from '@kcp-ts/sharing';
import type { Reads } from '@kcp-ts/storage';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import type { ResolvedType, WorkspaceType } from '@kcp-ts/tenancy';
import { logicalClusterKey, noOtherShards } from '@kcp-ts/tenancy';
import type { Core } from './core.ts';
import type { TokenIssuer } from './kubernetes-parts.ts';
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

/** Workspaces of this shard whose cluster on another shard has changed. */
function clustersElsewhere({ store, peers }: Core, workspacesPrefix: () => string): Source {
  return {
    subscribe(enqueue) {
      const following = peers?.onOwnedCluster(({ cluster, name }) => {
        const key = `${workspacesPrefix()}${cluster}//${name}`;
        if (store.peekHead(key) !== undefined) enqueue([key]);
      });
      return { [Symbol.dispose]: () => following?.[Symbol.dispose]() };
    },
  };
}

function exportsOf({ everywhere, reader }: Core, cluster: LogicalClusterName): readonly ApiExport[] {
  const entries = everywhere.scan({ prefix: `${exportsPrefix}${cluster}/` }, exportsMax);
  return entries.map((entry) => reader.parse<ApiExport>(entry));
}

function* allTypes({ store, peers, reader }: Core, { pathOf }: Tenancy, prefix: string): Generator<ResolvedType> {
  for (const entry of [...store.scan({ prefix }, typesMax), ...(peers?.objects.scan({ prefix }, typesMax) ?? [])]) {
    const { cluster, name } = parseKey(entry.key);
    yield { cluster, path: pathOf(cluster), name, type: reader.parse<WorkspaceType>(entry) };
  }
}

function claimedResources({ catalog }: Core, cluster: LogicalClusterName, claim: ClaimKey): readonly ServedResource[] {
  const found = catalog
    .surface(cluster as ClusterName)
    .resources.filter((resource) =>
      isClaimOn(claim, resource.definition.group, resource.definition.plural, resource.identity),
    );
  return [...new Set(found.map((resource) => resource.storage))].filter(
    ({ definition }) => definition.virtual !== true,
  );
}

function takesContent(reads: Reads, cluster: LogicalClusterName): boolean {
  const entry = reads.peek(logicalClusterKey(cluster));
  return cluster.startsWith('system:') || (entry !== undefined && (storedFlags(entry.value) & flagDeleting) === 0);
}

interface Given {
  readonly caBundle: string;
  readonly tokens: TokenIssuer;
}

/** What all controllers need, and where the kinds are stored that root exports. */
function dependencies(core: Core) {
  const { store, clock, random, shardNumber, served, turns, decide, reader } = core;
  const deps: ControllerDependencies = { store, clock, random, shardNumber, served };
  return {
    deps,
    inSlices: { reader, turns, decide },
    workspacesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspaces'),
    typesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes'),
    shardsPrefix: () => core.ownPrefix('core.kcp.io', 'shards'),
    setsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitionsets'),
    partitionsPrefix: () => core.ownPrefix('topology.kcp.io', 'partitions'),
  };
}

/** Exports, bindings, and where providers find their consumers. */
function sharingControllers(core: Core, tenancy: Tenancy, { caBundle }: Given): readonly Controller[] {
  const { deps, inSlices, shardsPrefix, setsPrefix, partitionsPrefix } = dependencies(core);
  const { bindings, claims, keepSchema, shardName, reader } = core;
  const { resolve, pathOf, shards } = tenancy;
  return [
    createApiExportIdentity({ ...deps, caBundle, pathOf, takesContent }),
    createApiBinding({
      ...{ ...deps, ...inSlices, bindings, claims, resolve, keepSchema },
      exportsOf: (cluster) => exportsOf(core, cluster),
      claimedResources: (cluster, claim) => claimedResources(core, cluster, claim),
    }),
    createEndpointSlices({
      ...{ ...deps, reader, bindings, resolve, shards, partitionsPrefix },
      ownShard: shardName,
      consumersElsewhere: (hash) => consumersElsewhere(core, hash),
    }),
    createExportConsumers({ ...deps, bindings, ownShard: shardName }),
    createPartitionSets({ ...deps, shards, shardsPrefix, setsPrefix, partitionsPrefix }),
  ];
}

/** Those that Kubernetes' API server and controller manager have, and clients rely on. */
function kubernetesControllers(core: Core, { caBundle, tokens }: Given): readonly Controller[] {
  const { deps } = dependencies(core);
  return [
    createCustomResourceDefinition({ ...deps, reader: core.reader }),
    createDefinitionLocks(deps),
    createNamespaceDeletion(deps),
    createClusterRoleAggregation({ ...deps, turns: core.turns }),
    createNamespaceContents({
      ...deps,
      caBundle,
      isLiving: (cluster) => core.clusters.facts(cluster)?.deleting === false,
      label: core.labelNew,
    }),
    createTokenSecrets({ ...deps, caBundle, issueForSecret: tokens.issueForSecret }),
    createDeletionPropagation(deps),
  ];
}

/** How workspaces come to be, and go, here and on other shards. */
function workspaceControllers(core: Core, tenancy: Tenancy): readonly Controller[] {
  const { types, plan, resolve, pathOf, shards } = tenancy;
  const { deps, inSlices, workspacesPrefix, typesPrefix, shardsPrefix } = dependencies(core);
  const others = {
    otherShards: core.peers?.shards ?? noOtherShards(core.shardName),
    clustersElsewhere: clustersElsewhere(core, workspacesPrefix),
  };
  return [
    createWorkspaceTypeUrls({ ...deps, shards, shardsPrefix, typesPrefix }),
    createDefaultBindings({
      ...{ ...deps, ...inSlices, types, resolve, typesPrefix },
      allTypes: () => allTypes(core, tenancy, typesPrefix()),
    }),
    createWorkspaceProgress({ ...deps, ...others, plan, types, workspacesPrefix, shardsPrefix, pathOf }),
    createWorkspaceDeletion({ ...deps, ...others, workspacesPrefix, removal: clusterRemoval(core) }),
    createFormerContents(deps),
    ...(core.peers === undefined ? [] : [orphanClusters(core, core.peers)]),
    createReplicateAnnotations({ ...deps, typesPrefix }),
  ];
}

export function shardControllers(core: Core, tenancy: Tenancy, given: Given): readonly Controller[] {
  return [
    ...sharingControllers(core, tenancy, given),
    ...kubernetesControllers(core, given),
    ...workspaceControllers(core, tenancy),
  ];
}
