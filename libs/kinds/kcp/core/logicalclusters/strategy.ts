/**
 * LogicalClusters: made by the server alone, deleted through their workspace, and moved through
 * their phases by those who may.
 */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { isTrueCondition, StatusError, withCondition } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { logicalClusterFinalizer, phaseLabels } from '@kcp-ts/tenancy';
import { isPrivileged } from '../../common/privileged.ts';
import { phases } from '../../common/schemas.ts';

function forbid(context: WriteContext, why: string): StatusError {
  return StatusError.forbidden(context.served.definition, 'cluster', why);
}

function phaseOf(object: KubeObject): string {
  return (object as LogicalCluster).status?.phase ?? 'Scheduling';
}

/** Forward only, except that Ready and Inactive alternate. */
function mayFollow(before: string, next: string): boolean {
  if (before === next || (before === 'Inactive' && next === 'Ready')) return true;
  return phases.indexOf(next) > phases.indexOf(before);
}

function checkInitializers(object: LogicalCluster, old: LogicalCluster, context: WriteContext): void {
  const next = object.status?.initializers ?? [];
  const before = old.status?.initializers ?? [];
  const same = JSON.stringify(next) === JSON.stringify(before);
  if (JSON.stringify(object.spec?.initializers ?? []) !== JSON.stringify(old.spec?.initializers ?? []))
    throw forbid(context, 'spec.initializers is immutable');
  if (phaseOf(old) !== 'Initializing' && !same)
    throw forbid(context, 'status.initializers is immutable after initialization');
  if (next.some((id) => !before.includes(id))) throw forbid(context, 'status.initializers must not grow');
  if (phaseOf(object) === 'Ready' && phaseOf(old) === 'Initializing' && next.length > 0)
    throw forbid(context, 'status.initializers is not empty');
}

/**
 * Who owns and who made a logical cluster, and what must end before it goes, decides what
 * controllers do with it.
 */
function keepSpec(object: LogicalCluster, old: LogicalCluster): void {
  const {
    owner: _owner,
    createdBy: _by,
    terminators: _terminators,
    directlyDeletable: _directly,
    ...spec
  } = object.spec ?? {};
  const { owner, createdBy, terminators, directlyDeletable } = old.spec ?? {};
  object.spec = {
    ...spec,
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(directlyDeletable === undefined ? {} : { directlyDeletable }),
    ...(owner === undefined ? {} : { owner }),
    ...(terminators === undefined ? {} : { terminators }),
  };
}

/** The last initializer's removal makes the cluster Ready in the same commit. */
function advance(object: LogicalCluster, context: WriteContext): void {
  const status = object.status ?? {};
  if (status.phase !== 'Initializing' || (status.initializers ?? []).length > 0) return;
  object.status = { ...status, phase: 'Ready' };
  delete object.status.initializers;
  const conditions = status.conditions ?? [];
  if (!isTrueCondition(conditions, 'WorkspaceInitialized')) {
    object.status.conditions = withCondition(
      conditions,
      { type: 'WorkspaceInitialized', status: 'True' },
      context.timestamp,
    );
  }
}

export function createLogicalClustersStrategy(): Strategy {
  return {
    deletesLater: true,
    admitCreate(_object, context) {
      throw forbid(context, 'LogicalCluster cannot be created');
    },
    prepareUpdate(object, old, context) {
      const cluster = object as LogicalCluster;
      if (!isPrivileged(context.user)) keepSpec(cluster, old as LogicalCluster);
      checkInitializers(cluster, old as LogicalCluster, context);
      if (!mayFollow(phaseOf(old), phaseOf(object)))
        throw forbid(
          context,
          `cannot transition from ${JSON.stringify(phaseOf(old))} to ${JSON.stringify(phaseOf(object))}`,
        );
      if (!isPrivileged(context.user) && phaseOf(object) !== phaseOf(old))
        throw forbid(context, 'status.phase can only be changed by system privileged users');
      advance(cluster, context);
      cluster.metadata.labels = {
        ...withoutLifecycle(cluster.metadata.labels),
        ...phaseLabels(phaseOf(cluster), cluster.status?.initializers ?? [], cluster.status?.terminators ?? []),
      };
    },
    validateUpdate(object, old): readonly FieldError[] {
      const had = old.metadata.finalizers?.includes(logicalClusterFinalizer) === true;
      if (!had || object.metadata.finalizers?.includes(logicalClusterFinalizer) === true) return [];
      return [
        {
          kind: 'Forbidden',
          field: 'metadata.finalizers',
          message: `Forbidden: removing the finalizer ${logicalClusterFinalizer} is forbidden`,
        },
      ];
    },
    admitDelete(object, context) {
      if ((object as LogicalCluster).spec?.directlyDeletable === true || isPrivileged(context.user)) return;
      throw forbid(context, 'LogicalCluster cannot be deleted');
    },
  };
}

function withoutLifecycle(labels: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!key.startsWith('initializer.internal.kcp.io/') && !key.startsWith('terminator.internal.kcp.io/'))
      kept[key] = value;
  }
  return kept;
}
