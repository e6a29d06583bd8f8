/**
 * Brings a workspace to Ready that could not be made so at once: finds it a shard when one appears, takes the default bindings off the list of
 * initializers when they are bound, and mirrors its logical cluster's phase.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '@kcp-ts/controller';
import type { UserInfo } from '@kcp-ts/meta';
import { asClusterName, isTrueCondition, withCondition } from '@kcp-ts/meta';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix } from '@kcp-ts/sharing';
import type { Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, PlanNeeds, Workspace, WorkspaceTypes } from '@kcp-ts/tenancy';
import { bindingsInitializer, initializersExist, ownerAnnotation, phaseLabels, planWorkspace } from '@kcp-ts/tenancy';
import type { ControllerNeeds } from './writer.ts';
import { committed, eachPiece, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceProgressNeeds extends ControllerNeeds {
  readonly plan: PlanNeeds;
  readonly types: WorkspaceTypes;
  workspacesPrefix(): string;
  shardsPrefix(): string;
  logicalClusterKey(cluster: string): string;
  pathOf(cluster: string): string;
}

const logicalClustersPrefix = 'core.kcp.io/logicalclusters/-/';
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

export function createWorkspaceProgress(needs: WorkspaceProgressNeeds): Controller {
  const workspaces = () => needs.served('tenancy.kcp.io', 'workspaces');
  const logicalClusters = () => needs.served('core.kcp.io', 'logicalclusters');
  /** Workspaces without a shard: looked at again when shards change. */
  const unscheduled = new Set<string>();

  async function schedule(entry: Entry, workspace: Workspace): Promise<number | undefined> {
    const { cluster: parent } = parseKey(entry.key);
    const type = needs.types.at(workspace.spec?.type?.path ?? '', workspace.spec?.type?.name ?? '');
    if (type === undefined) return undefined;
    const plan = {
      parent: asClusterName(parent),
      parentPath: needs.pathOf(parent),
      type,
      aliases: needs.types.aliases(type),
      creator: creatorOf(workspace),
      timestamp: timestamp(needs),
    };
    const operations = planWorkspace(needs.plan, workspace, plan);
    if (operations.length === 0) {
      unscheduled.add(entry.key);
      return undefined;
    }
    unscheduled.delete(entry.key);
    return (await committed(needs, [replaceOperation(needs, workspaces(), entry, workspace), ...operations]))
      ? undefined
      : lostRaceMs;
  }

  function bindingsAreDone(cluster: string): boolean {
    const entries = needs.store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax);
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
  async function initialize(entry: Entry, cluster: LogicalCluster, name: string): Promise<boolean> {
    const left = (cluster.status?.initializers ?? []).filter(
      (id) => id !== bindingsInitializer || !bindingsAreDone(name),
    );
    const phase = left.length === 0 ? 'Ready' : 'Initializing';
    if (left.length === (cluster.status?.initializers ?? []).length && phase === cluster.status?.phase) return true;
    const { initializers: _i, ...status } = cluster.status ?? {};
    const conditions =
      phase === 'Ready'
        ? withCondition(status.conditions ?? [], { type: 'WorkspaceInitialized', status: 'True' }, timestamp(needs))
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
    return committed(needs, [replaceOperation(needs, logicalClusters(), entry, cluster)]);
  }

  function mirror(workspace: Workspace, cluster: LogicalCluster): void {
    const { phase = 'Initializing', initializers = [], terminators } = cluster.status ?? {};
    const before = workspace.status ?? {};
    const now = timestamp(needs);
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

  async function progress(entry: Entry, workspace: Workspace, name: string): Promise<number | undefined> {
    const clusterEntry = needs.store.peek(needs.logicalClusterKey(name));
    if (clusterEntry === undefined) return undefined;
    const cluster = objectOf<LogicalCluster>(logicalClusters(), clusterEntry);
    if (cluster.metadata.deletionTimestamp !== undefined) return undefined;
    if (cluster.status?.phase === 'Initializing' && !(await initialize(clusterEntry, cluster, name))) return lostRaceMs;
    const before = structuredClone(workspace);
    mirror(workspace, cluster);
    if (isDeepStrictEqual(before, workspace)) return undefined;
    const operation: Operation = replaceOperation(needs, workspaces(), entry, workspace);
    return (await committed(needs, [operation])) ? undefined : lostRaceMs;
  }

  /** The Workspace that a logical cluster belongs to. */
  function ownerKey(value: Uint8Array): string[] {
    const owner = parseStored<LogicalCluster>(value).spec?.owner;
    return owner === undefined ? [] : [`${needs.workspacesPrefix()}${owner.cluster}//${owner.name}`];
  }

  function isInitializing(value: Uint8Array): boolean {
    return parseStored<LogicalCluster>(value).status?.phase === 'Initializing';
  }

  return {
    name: 'workspace-progress',
    wake({ event, parts }) {
      const { key, type, value, previous } = event;
      if (type === 'put' && key.startsWith(needs.workspacesPrefix())) return isSettled(value) ? [] : [key];
      // A cluster that is made Ready in the commit that creates it needs nothing more.
      if (type === 'put' && key.startsWith(logicalClustersPrefix))
        return previous === undefined && !isInitializing(value) ? [] : ownerKey(value);
      if (key.startsWith(needs.shardsPrefix())) return [...unscheduled];
      if (!key.startsWith(bindingsPrefix)) return [];
      const cluster = needs.store.peek(needs.logicalClusterKey(parts.cluster));
      return cluster !== undefined && isInitializing(cluster.value) ? ownerKey(cluster.value) : [];
    },
    async *resume() {
      yield* keysToResume(needs.store, needs.workspacesPrefix(), (entry) => !isSettled(entry.value));
      // A phase may have changed in the last moment before a stop.
      for await (const entries of eachPiece(needs.store, { prefix: logicalClustersPrefix }))
        for (const entry of entries) if (isInitializing(entry.value)) yield* ownerKey(entry.value);
    },
    async reconcile(key) {
      const entry = needs.store.peek(key);
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) {
        unscheduled.delete(key);
        return undefined;
      }
      const workspace = objectOf<Workspace>(workspaces(), entry);
      return workspace.spec?.cluster === undefined
        ? schedule(entry, workspace)
        : progress(entry, workspace, workspace.spec.cluster);
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
