/**
 * Brings a workspace to Ready that could not be made so at once: finds it a shard when one appears,
 * takes the default bindings off the list of initializers when they are bound, and mirrors its
 * logical cluster's phase.
 */
import { isDeepStrictEqual } from 'node:util';
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { asClusterName, isTrueCondition, withCondition } from '@kcp-ts/api';
import type { Controller, Outcome, Source } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix } from '@kcp-ts/sharing';
import type { Entry, Reads } from '@kcp-ts/storage';
import { flagDeleting, hasText, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, PlanDependencies, ShardRequests, Workspace, WorkspaceTypes } from '@kcp-ts/tenancy';
import {
  bindingsInitializer,
  clusterNameAnnotation,
  initializersExist,
  logicalClusterKey,
  logicalClustersPrefix,
  ownerAnnotation,
  phaseLabels,
  planWorkspace,
  requiredGroupsAnnotation,
  settleWorkspace,
  shardAnnotation,
  typeClusterAnnotation,
  typeName,
} from '@kcp-ts/tenancy';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceProgressDependencies extends ControllerDependencies {
  readonly plan: PlanDependencies;
  readonly types: WorkspaceTypes;
  workspacesPrefix(): string;
  shardsPrefix(): string;
  pathOf(cluster: LogicalClusterName): string;
  readonly otherShards: ShardRequests;
  /** Workspaces of this shard whose logical cluster on another shard has changed, by key. */
  readonly clustersOfOtherShards: Source;
}

const bindingsMax = 1_000;

function creatorOf(workspace: Workspace): UserInfo {
  const {
    username = '',
    uid,
    groups = [],
    extra,
  } = JSON.parse(workspace.metadata.annotations?.[ownerAnnotation] ?? '{}') as {
    username?: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
  };
  return { name: username, uid, groups, extra };
}

// check-allow function-length -- one reconciler: its functions are the phases of a workspace
export function createWorkspaceProgress(deps: WorkspaceProgressDependencies): Controller {
  const workspaces = () => deps.served('tenancy.kcp.io', 'workspaces');
  const logicalClusters = () => deps.served('core.kcp.io', 'logicalclusters');
  /** Workspaces without a shard: reconciled when a shard changes. */
  const unscheduled = new Set<string>();

  function schedule(entry: Entry, workspace: Workspace): Outcome {
    const { cluster: parent } = parseKey(entry.key);
    const { path = '', name = '' } = workspace.spec?.type ?? {};
    const type = deps.types.at(path, name, workspace.metadata.annotations?.[typeClusterAnnotation]);
    if (type === undefined) return nothing;
    const plan = {
      parent: asClusterName(parent),
      parentPath: deps.pathOf(parent),
      type,
      aliases: deps.types.aliases(type),
      creator: creatorOf(workspace),
      timestamp: timestamp(deps),
    };
    const before = structuredClone(workspace);
    const operations = planWorkspace(deps.plan, workspace, plan);
    if (workspace.status?.phase === 'Unavailable') {
      unscheduled.add(entry.key);
      if (isDeepStrictEqual(before.status?.phase, 'Unavailable')) return nothing;
    } else unscheduled.delete(entry.key);
    return commit([replaceOperation(deps, workspaces(), entry, workspace), ...operations]);
  }

  function bindingsAreDone(decision: Reads, cluster: LogicalClusterName): boolean {
    const entries = decision.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax);
    return entries.every((entry) => {
      const { status, spec } = parseStored<ApiBinding>(entry.value);
      const claims = (spec?.permissionClaims ?? []).length > 0;
      return (
        isTrueCondition(status?.conditions, 'InitialBindingCompleted') &&
        (!claims || isTrueCondition(status?.conditions, 'PermissionClaimsApplied'))
      );
    });
  }

  /** Takes off what we have done ourselves; the last one off makes the cluster Ready. */
  function initialize(decision: Reads, entry: Entry, cluster: LogicalCluster, name: string): Outcome {
    const left = (cluster.status?.initializers ?? []).filter(
      (id) => id !== bindingsInitializer || !bindingsAreDone(decision, name),
    );
    const phase = left.length === 0 ? 'Ready' : 'Initializing';
    if (left.length === (cluster.status?.initializers ?? []).length && phase === cluster.status?.phase) return nothing;
    const { initializers: _i, ...status } = cluster.status ?? {};
    const conditions =
      phase === 'Ready'
        ? withCondition(status.conditions ?? [], { type: 'WorkspaceInitialized', status: 'True' }, timestamp(deps))
        : status.conditions;
    cluster.status = {
      ...status,
      phase,
      ...(left.length === 0 ? {} : { initializers: left }),
      ...(conditions === undefined ? {} : { conditions }),
    };
    cluster.metadata.labels = {
      ...ownLabels(cluster.metadata.labels),
      ...phaseLabels(phase, left, cluster.status.terminators ?? []),
    };
    return commit([replaceOperation(deps, logicalClusters(), entry, cluster)]);
  }

  /**
   * The shard that has to make the workspace's cluster, or has made it, where that is not this one.
   */
  function otherShardOf(
    workspace: Workspace,
  ): { readonly shard: string; readonly cluster: LogicalClusterName } | undefined {
    const { annotations = {} } = workspace.metadata;
    const shard = annotations[shardAnnotation];
    const cluster = workspace.spec?.cluster ?? annotations[clusterNameAnnotation];
    if (shard === undefined || cluster === undefined || shard === deps.otherShards.ownShard) return undefined;
    return { shard, cluster };
  }

  async function createOnOtherShard(
    entry: Entry,
    workspace: Workspace,
    { shard, cluster }: { readonly shard: string; readonly cluster: LogicalClusterName },
  ): Promise<Outcome> {
    const { name, uid = '', annotations } = workspace.metadata;
    const { path = '', name: type = '' } = workspace.spec?.type ?? {};
    const parent = parseKey(entry.key).cluster;
    const creator = creatorOf(workspace);
    const made = await deps.otherShards.createCluster(shard, {
      cluster,
      path: `${deps.pathOf(parent)}:${name}`,
      type: typeName({ path, name: type }),
      typeCluster: annotations?.[typeClusterAnnotation],
      creator,
      owner: { cluster: parent, name, uid },
      requiredGroups: annotations?.[requiredGroupsAnnotation],
    });
    settleWorkspace(workspace, made, creator, timestamp(deps));
    return commit([replaceOperation(deps, workspaces(), entry, workspace)]);
  }

  function mirror(workspace: Workspace, status: NonNullable<LogicalCluster['status']>): void {
    const { phase = 'Initializing', initializers = [], terminators } = status;
    const before = workspace.status ?? {};
    const now = timestamp(deps);
    const change =
      phase === 'Ready' ? ({ type: 'WorkspaceInitialized', status: 'True' } as const) : initializersExist(initializers);
    const conditions =
      phase === 'Ready' || phase === 'Initializing'
        ? withCondition(before.conditions ?? [], change, now)
        : before.conditions;
    workspace.status = {
      ...(conditions === undefined ? {} : { conditions }),
      phase,
      ...(initializers.length === 0 ? {} : { initializers }),
      ...(terminators === undefined ? {} : { terminators }),
    };
    workspace.metadata.labels = {
      ...ownLabels(workspace.metadata.labels),
      ...phaseLabels(phase, initializers, terminators ?? []),
    };
    if (phase === 'Ready')
      workspace.metadata.annotations = {
        ...workspace.metadata.annotations,
        [ownerAnnotation]: JSON.stringify({ username: creatorOf(workspace).name }),
      };
  }

  /** What the workspace's cluster says of itself; undefined where it is gone or going. */
  async function clusterStatus(decision: Reads, workspace: Workspace, name: string): Promise<LogicalCluster['status']> {
    const other = otherShardOf(workspace);
    if (other !== undefined) {
      const made = await deps.otherShards.describeCluster(other.shard, name);
      if (made === undefined) return undefined;
      const { phase, initializers, terminators } = made;
      return {
        phase,
        initializers: [...initializers],
        ...(terminators.length === 0 ? {} : { terminators: [...terminators] }),
      };
    }
    const entry = decision.peek(logicalClusterKey(name));
    if (entry === undefined) return undefined;
    const cluster = objectOf<LogicalCluster>(logicalClusters(), entry);
    return cluster.metadata.deletionTimestamp === undefined ? (cluster.status ?? {}) : undefined;
  }

  async function progress(decision: Reads, entry: Entry, workspace: Workspace, name: string): Promise<Outcome> {
    const status = await clusterStatus(decision, workspace, name);
    if (status === undefined) return nothing;
    const before = structuredClone(workspace);
    mirror(workspace, status);
    if (isDeepStrictEqual(before, workspace)) return nothing;
    return commit([replaceOperation(deps, workspaces(), entry, workspace)]);
  }

  /**
   * Takes a cluster on its way to Ready as far as it goes; its Workspace follows, wherever that is.
   */
  function progressCluster(decision: Reads, entry: Entry): Outcome {
    const cluster = objectOf<LogicalCluster>(logicalClusters(), entry);
    if (cluster.metadata.deletionTimestamp !== undefined || cluster.status?.phase !== 'Initializing') return nothing;
    return initialize(decision, entry, cluster, parseKey(entry.key).cluster);
  }

  /** The Workspace that a logical cluster belongs to. */
  function ownerKey(value: Uint8Array): string[] {
    const owner = parseStored<LogicalCluster>(value).spec?.owner;
    return owner === undefined ? [] : [`${deps.workspacesPrefix()}${owner.cluster}//${owner.name}`];
  }

  function isInitializing(value: Uint8Array): boolean {
    return hasText(value, '"Initializing"') && parseStored<LogicalCluster>(value).status?.phase === 'Initializing';
  }

  return {
    name: 'workspace-progress',
    watches: [
      {
        prefix: deps.workspacesPrefix,
        initial: ({ key, value }) => (isSettled(value) ? [] : [key]),
        keys: ({ event }) => (event.type === 'delete' || isSettled(event.value) ? [] : [event.key]),
      },
      {
        prefix: logicalClustersPrefix,
        // A phase may have changed in the last moment before a stop.
        initial: ({ key, value }) => (isInitializing(value) ? [key, ...ownerKey(value)] : []),
        keys({ event: { key, type, value, previous } }) {
          if (type === 'delete') return [];
          if (isInitializing(value)) return [key, ...ownerKey(value)];
          // A cluster that is made Ready in the commit that creates it needs nothing more.
          return previous === undefined ? [] : ownerKey(value);
        },
      },
      { prefix: deps.shardsPrefix, keys: () => [...unscheduled] },
      {
        prefix: bindingsPrefix,
        keys({ parts }) {
          const cluster = deps.store.peek(logicalClusterKey(parts.cluster));
          return cluster !== undefined && isInitializing(cluster.value) ? [cluster.key] : [];
        },
      },
    ],
    sources: [deps.clustersOfOtherShards],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry !== undefined && key.startsWith(logicalClustersPrefix)) return progressCluster(decision, entry);
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) {
        unscheduled.delete(key);
        return nothing;
      }
      const workspace = objectOf<Workspace>(workspaces(), entry);
      if (workspace.spec?.cluster !== undefined) return progress(decision, entry, workspace, workspace.spec.cluster);
      const other = otherShardOf(workspace);
      // Where the shard it was meant for has left, it is placed again.
      return other !== undefined && deps.otherShards.knows(other.shard)
        ? createOnOtherShard(entry, workspace, other)
        : schedule(entry, workspace);
    },
  };
}

function isSettled(value: Uint8Array): boolean {
  if ((storedFlags(value) & flagDeleting) !== 0) return true;
  return parseStored<Workspace>(value).status?.phase === 'Ready';
}

function ownLabels(labels: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels ?? {})) if (!key.includes('.internal.kcp.io/')) kept[key] = value;
  return kept;
}
