/**
 * A workspace and its logical cluster, made in one commit: the Workspace with its place and phase,
 * the LogicalCluster, two namespaces with their content, the creator's rights and the default
 * bindings. Where nothing has to be waited for, both are Ready from the start; initializers that
 * others must finish, and bindings that are not bound yet, keep them Initializing.
 */
import { createHash } from 'node:crypto';
import type { ClusterName, Condition, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { asClusterName, withCondition } from '@kcp-ts/api';
import { nameInOtherClusters } from '@kcp-ts/authz';
import type { Random } from '@kcp-ts/base';
import type { ApiBinding } from '@kcp-ts/sharing';
import { base36Padded, drawClusterName, formatLocks, locksOfBindings, resourceLocksAnnotation } from '@kcp-ts/sharing';
import type { Operation } from '@kcp-ts/storage';
import type { DefaultBindingsDependencies } from './default-bindings.ts';
import { defaultBindingsOf, planBindings } from './default-bindings.ts';
import { initialObjects } from './initial-objects.ts';
import type { NewOperationDependencies } from './new-operations.ts';
import { createOperation } from './new-operations.ts';
import type { Placing } from './schedule.ts';
import { chooseShard, noShardMessage, schedulableShards } from './schedule.ts';
import type { LogicalCluster, Shard, Workspace } from './types.ts';
import {
  bindingsInitializer,
  clusterNameAnnotation,
  logicalClusterFinalizer,
  ownerAnnotation,
  pathAnnotation,
  phaseLabel,
  requiredGroupsAnnotation,
  shardAnnotation,
  shardHashAnnotation,
  typeAnnotation,
  typeClusterAnnotation,
  workspaceFinalizer,
} from './types.ts';
import type { ResolvedType } from './workspace-types.ts';
import { lifecycleId, typeName } from './workspace-types.ts';

export interface PlanDependencies extends NewOperationDependencies, DefaultBindingsDependencies {
  readonly random: Random;
  readonly caBundle: string;
  readonly placing: Placing;
  shards(): readonly Shard[];
  /** Keeps a copy of a schema that is bound; undefined where there is one already. */
  keepSchema(schema: import('@kcp-ts/sharing').ApiResourceSchema): Operation | undefined;
  /**
   * The condition that nothing is in a cluster, not even what is on its way; throws
   * ServiceUnavailable where something is: a former cluster of that name may not be gone.
   */
  nothingIn(cluster: ClusterName): Operation;
}

/** The type whose initializer is done by what every fresh cluster gets. */
const builtinInitializer = 'root:universal';
const shardHashLength = 8;
const clusterNameBytes = 32;

function shardHash(name: string): string {
  return base36Padded(createHash('sha224').update(name).digest()).slice(0, shardHashLength);
}

function lifecycleLabels(kind: 'initializer' | 'terminator', ids: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const id of ids) {
    const hash = createHash('sha224').update(id).digest('hex');
    const prefix = `${kind}.internal.kcp.io`;
    labels[`${prefix}/${hash.slice(0, 63 - prefix.length - 1)}`] = hash;
  }
  return labels;
}

/** The labels that mirror a phase and the lifecycle ids that are left. */
export function phaseLabels(
  phase: string,
  initializers: readonly string[],
  terminators: readonly string[],
): Record<string, string> {
  return {
    [phaseLabel]: phase,
    ...lifecycleLabels('initializer', initializers),
    ...lifecycleLabels('terminator', terminators),
  };
}

/**
 * Says which logical cluster holds a type; nothing where its path is the name of that cluster,
 * which is never another's.
 */
function typeClusterOf({ cluster, path }: ResolvedType): Readonly<Record<string, string>> {
  return path === cluster ? {} : { [typeClusterAnnotation]: cluster };
}

export interface ClusterPlan {
  readonly cluster: ClusterName;
  readonly path: string;
  readonly type: ResolvedType;
  readonly aliases: readonly ResolvedType[];
  readonly creator: UserInfo;
  readonly shard: string;
  readonly url: string;
  readonly owner: { readonly cluster: LogicalClusterName; readonly name: string; readonly uid: string } | undefined;
  readonly requiredGroups: string | undefined;
  readonly timestamp: string;
}

export interface PlannedCluster {
  readonly operations: readonly Operation[];
  readonly phase: 'Ready' | 'Initializing';
  readonly initializers: readonly string[];
  readonly terminators: readonly string[];
}

function createdBy(user: UserInfo): NonNullable<NonNullable<LogicalCluster['spec']>['createdBy']> {
  return {
    username: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}

/** The operations that make a logical cluster with everything a fresh one has. */
export function planCluster(deps: PlanDependencies, plan: ClusterPlan): PlannedCluster {
  const wanted = defaultBindingsOf(plan.aliases);
  const bindings = planBindings(deps, plan.cluster, plan.path, wanted, plan.timestamp);
  const initializers = plan.aliases.filter((alias) => alias.type.spec?.initializer === true).map(lifecycleId);
  if (wanted.length > 0) initializers.push(bindingsInitializer);
  const terminators = plan.aliases.filter((alias) => alias.type.spec?.terminator === true).map(lifecycleId);
  const left = initializers.filter(
    (id) => id !== builtinInitializer && (id !== bindingsInitializer || !bindings.allBound),
  );
  const phase = left.length === 0 ? 'Ready' : 'Initializing';
  const conditions: Condition[] =
    phase === 'Ready' ? withCondition([], { type: 'WorkspaceInitialized', status: 'True' }, plan.timestamp) : [];
  const logicalCluster: LogicalCluster = {
    apiVersion: 'core.kcp.io/v1alpha1',
    kind: 'LogicalCluster',
    metadata: {
      name: 'cluster',
      labels: phaseLabels(phase, left, terminators),
      annotations: {
        [shardAnnotation]: plan.shard,
        [ownerAnnotation]: JSON.stringify({ username: plan.creator.name }),
        [typeAnnotation]: typeName(plan.type),
        ...typeClusterOf(plan.type),
        [pathAnnotation]: plan.path,
        [resourceLocksAnnotation]: formatLocks(
          locksOfBindings(bindings.objects.map(({ object }) => object as ApiBinding)),
        ),
        ...(plan.requiredGroups === undefined ? {} : { [requiredGroupsAnnotation]: plan.requiredGroups }),
      },
      finalizers: [logicalClusterFinalizer],
    },
    spec: {
      createdBy: createdBy(plan.creator),
      directlyDeletable: false,
      ...(initializers.length === 0 ? {} : { initializers }),
      ...(terminators.length === 0 ? {} : { terminators }),
      ...(plan.owner === undefined
        ? {}
        : { owner: { apiVersion: 'tenancy.kcp.io/v1alpha1', resource: 'workspaces', ...plan.owner } }),
    },
    status: {
      URL: `${plan.url}/clusters/${plan.cluster}`,
      phase,
      ...(conditions.length === 0 ? {} : { conditions }),
      ...(left.length === 0 ? {} : { initializers: left }),
      ...(terminators.length === 0 ? {} : { terminators }),
    },
  };
  const objects = [
    { group: 'core.kcp.io', plural: 'logicalclusters', namespace: '', object: logicalCluster },
    ...initialObjects(nameInOtherClusters(plan.creator, plan.owner?.cluster ?? plan.cluster), deps.caBundle),
    ...bindings.objects,
  ];
  // The LogicalCluster first: whatever is in a cluster is younger than it.
  const operations = objects.map((created) => createOperation(deps, plan.cluster, plan.timestamp, created));
  return {
    operations: [...operations, ...bindings.copies, deps.nothingIn(plan.cluster)],
    phase,
    initializers: left,
    terminators,
  };
}

export interface WorkspacePlan {
  readonly parent: ClusterName;
  readonly parentPath: string;
  readonly type: ResolvedType;
  readonly aliases: readonly ResolvedType[];
  readonly creator: UserInfo;
  readonly timestamp: string;
}

/**
 * Completes a Workspace object and gives the operations for its logical cluster; none where no
 * shard can take it, or another shard has to make it.
 */
export function planWorkspace(deps: PlanDependencies, workspace: Workspace, plan: WorkspacePlan): readonly Operation[] {
  const { metadata } = workspace;
  metadata.annotations = { ...metadata.annotations, ...typeClusterOf(plan.type) };
  const shard = chooseShard(schedulableShards(workspace, deps.shards()), deps.placing);
  if (shard === undefined) {
    const unschedulable = {
      type: 'WorkspaceScheduled',
      status: 'False',
      severity: 'Error',
      reason: 'Unschedulable',
      message: noShardMessage,
    } as const;
    workspace.status = { phase: 'Unavailable', conditions: withCondition([], unschedulable, plan.timestamp) };
    metadata.labels = { ...metadata.labels, [phaseLabel]: 'Unavailable' };
    return [];
  }
  const url = shard.spec?.externalURL ?? shard.spec?.baseURL ?? '';
  const cluster = drawClusterName(deps.random.bytes(clusterNameBytes));
  const path = `${plan.parentPath}:${metadata.name}`;
  placeOn(workspace, shard, cluster);
  if (shard.metadata.name !== deps.placing.ownShard) {
    // That shard makes the cluster; until it has, the workspace is being scheduled, and says where
    // and as what.
    workspace.status = { phase: 'Scheduling' };
    metadata.labels = { ...metadata.labels, [phaseLabel]: 'Scheduling' };
    return [];
  }
  const planned = planCluster(deps, {
    cluster,
    path,
    type: plan.type,
    aliases: plan.aliases,
    creator: plan.creator,
    shard: shard.metadata.name,
    url,
    owner: { cluster: plan.parent, name: metadata.name, uid: metadata.uid ?? '' },
    requiredGroups: metadata.annotations?.[requiredGroupsAnnotation],
    timestamp: plan.timestamp,
  });
  settleWorkspace(workspace, { ...planned, url: `${url}/clusters/${path}` }, plan.creator, plan.timestamp);
  return planned.operations;
}

/** Where and as what a workspace is to be made. */
function placeOn(workspace: Workspace, shard: Shard, cluster: LogicalClusterName): void {
  const { metadata } = workspace;
  const region = shard.metadata.labels?.['region'];
  metadata.annotations = {
    ...metadata.annotations,
    [shardAnnotation]: shard.metadata.name,
    [shardHashAnnotation]: shardHash(shard.metadata.name),
    [clusterNameAnnotation]: cluster,
  };
  metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), workspaceFinalizer])];
  if (region !== undefined) metadata.labels = { ...metadata.labels, region };
}

/** A logical cluster as the shard that made it tells of it. */
export interface MadeCluster {
  readonly phase: string;
  readonly initializers: readonly string[];
  readonly terminators: readonly string[];
  /** Where clients reach the workspace. */
  readonly url: string;
}

/** Completes a Workspace whose logical cluster has been made. */
export function settleWorkspace(workspace: Workspace, made: MadeCluster, creator: UserInfo, timestamp: string): void {
  const { metadata } = workspace;
  const { phase, initializers, terminators } = made;
  if (phase === 'Ready') {
    // Who made it stays known in full on the LogicalCluster; the rest of the user's identity is
    // nobody else's business once it is ready.
    metadata.annotations = { ...metadata.annotations, [ownerAnnotation]: JSON.stringify({ username: creator.name }) };
  }
  metadata.labels = { ...metadata.labels, ...phaseLabels(phase, initializers, terminators) };
  // From now on the LogicalCluster says it.
  const { [typeClusterAnnotation]: _admitted, ...annotations } = metadata.annotations ?? {};
  metadata.annotations = annotations;
  const cluster = annotations[clusterNameAnnotation] ?? '';
  workspace.spec = { ...workspace.spec, cluster: asClusterName(cluster), URL: made.url };
  workspace.status = workspaceStatus(made, timestamp);
}

function workspaceStatus(planned: Omit<MadeCluster, 'url'>, timestamp: string): NonNullable<Workspace['status']> {
  let conditions = withCondition([], { type: 'WorkspaceScheduled', status: 'True' }, timestamp);
  if (planned.phase === 'Ready')
    conditions = withCondition(conditions, { type: 'WorkspaceInitialized', status: 'True' }, timestamp);
  else conditions = withCondition(conditions, initializersExist(planned.initializers), timestamp);
  return {
    phase: planned.phase,
    conditions,
    ...(planned.initializers.length === 0 ? {} : { initializers: [...planned.initializers] }),
    ...(planned.terminators.length === 0 ? {} : { terminators: [...planned.terminators] }),
  };
}

/** The condition of a workspace that others still work on. */
export function initializersExist(ids: readonly string[]): Omit<Condition, 'lastTransitionTime'> {
  return {
    type: 'WorkspaceInitialized',
    status: 'False',
    severity: 'Info',
    reason: 'InitializerExists',
    message: `Initializers still exist: [${ids.join(' ')}]`,
  };
}
