/** Who may enter a logical cluster at all. Each answers undefined where it has no objection. */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import type { Decision, Question } from './attributes.ts';
import { hasGroup } from './attributes.ts';
import type { Rbac } from './rbac.ts';
import {
  bootstrapperGroup,
  clusterAdminGroup,
  externalClusterAdminGroup,
  initializerGroupPrefix,
  kcpAdminGroup,
  serviceAccountOf,
  terminatorGroupPrefix,
} from './well-known.ts';

/** What authorization must know of a logical cluster. */
export interface ClusterFacts {
  readonly phase: string;
  /** As annotated: `;` between alternatives, `,` between groups that are all needed. */
  readonly requiredGroups?: string | undefined;
  readonly path: string;
}

export function noOpinion(reason: string): Decision {
  return { allowed: false, denied: false, reason };
}

function deny(reason: string): Decision {
  return { allowed: false, denied: true, reason };
}

const openPhases: ReadonlySet<string> = new Set(['Initializing', 'Ready', 'Inactive', 'Terminating', 'Deleting']);
const lifecyclePhases: ReadonlySet<string> = new Set(['Initializing', 'Terminating', 'Deleting']);
/** Paths of the process rather than of a workspace. */
const shardPaths: ReadonlySet<string> = new Set(['/metrics']);

/** Whether it is of the process: only RBAC decides then. */
export function isShardPath(question: Question): boolean {
  return question.kind === 'non-resource' && shardPaths.has(question.path);
}

const access: Question = { kind: 'non-resource', verb: 'access', path: '/' };

const emptyCluster = noOpinion('empty cluster name');
const clusterNotFound = noOpinion('logical cluster not found');
const systemWorkspace = noOpinion('empty or system workspace');
const contentNotFound = deny('LogicalCluster not found');
const noAccess = noOpinion('no verb=access permission on /');
const lifecycleAllowed: Decision = { allowed: true, reason: 'initializer or terminator of the logical cluster' };

/**
 * The groups that a workspace's annotation asks for, of who the user is in this cluster: groups
 * that only count in other clusters do not help, nor do those of users it carries a warrant of.
 */
export function checkRequiredGroups(
  user: UserInfo,
  cluster: LogicalClusterName,
  facts: ClusterFacts | undefined,
): Decision | undefined {
  if (cluster === '') return emptyCluster;
  if (hasGroup(user, clusterAdminGroup) || serviceAccountOf(user.name) !== undefined) return undefined;
  if (facts === undefined) return clusterNotFound;
  const required = facts.requiredGroups;
  if (required === undefined || required === '') return undefined;
  if (hasGroup(user, externalClusterAdminGroup) || hasGroup(user, kcpAdminGroup) || hasGroup(user, bootstrapperGroup))
    return undefined;
  const member = required.split(';').some((clause) => clause.split(',').every((group) => hasGroup(user, group)));
  return member ? undefined : deny(`user is not a member of required groups: ${required}`);
}

/**
 * The cluster's phase, and the permission `access` on `/`, which any of the effective users may
 * have. The first of them is the user itself.
 */
export function checkContent(
  users: readonly [UserInfo, ...UserInfo[]],
  cluster: LogicalClusterName,
  facts: ClusterFacts | undefined,
  question: Question,
  rbac: Rbac,
): Decision | undefined {
  if (isShardPath(question)) return undefined;
  if (cluster === '' || cluster === '*' || cluster.startsWith('system:')) return systemWorkspace;
  if (users.some((user) => hasGroup(user, clusterAdminGroup))) return undefined;
  if (facts === undefined) return contentNotFound;
  const { phase } = facts;
  if (!openPhases.has(phase)) return noOpinion(`not permitted due to phase ${JSON.stringify(phase)}`);
  if (lifecyclePhases.has(phase)) {
    const group = phase === 'Initializing' ? initializerGroupPrefix : terminatorGroupPrefix;
    if (users[0].groups.some((name) => name.startsWith(group))) return lifecycleAllowed;
  }
  if (serviceAccountOf(users[0].name) !== undefined) return undefined;
  return users.some((user) => rbac.allows(user, cluster, access)) ? undefined : noAccess;
}

const systemResources: ReadonlyMap<string, Decision> = new Map([
  ['apibindings', deny('apibinding status updates not permitted')],
  ['apiexports', deny('apiexport status updates not permitted')],
]);

/** The status of bindings and exports belongs to the system, whatever the verb. */
export function checkSystemStatus(question: Question): Decision | undefined {
  if (question.kind !== 'resource' || question.subresource !== 'status' || question.group !== 'apis.kcp.io')
    return undefined;
  return systemResources.get(question.resource);
}
