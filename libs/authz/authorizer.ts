/** The chain of authorizers. Synchronous: what it asks is in memory or in the store's own copy. */
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { currentGroup } from '@kcp-ts/api';
import type { AccessRequest, Decision, Question } from './attributes.ts';
import { hasGroup } from './attributes.ts';
import type { ClusterFacts } from './content-gate.ts';
import { checkContent, checkRequiredGroups, checkSystemStatus, isShardPath, noOpinion } from './content-gate.ts';
import { effectiveUsers } from './effective-users.ts';
import { policyAllows } from './permission-policy.ts';
import type { Rbac } from './rbac.ts';
import { mastersGroup } from './well-known.ts';

/** The export that a resource of a cluster is bound from. */
export interface BoundExport {
  readonly exportCluster: LogicalClusterName;
  readonly exportName: string;
  /** Whether it limits what consumers may do, or did when it was last seen. */
  readonly maximalPermissionPolicy: boolean;
}

export interface AuthorizerDependencies {
  readonly rbac: Rbac;
  cluster(name: string): ClusterFacts | undefined;
  /** Undefined for what is not bound. */
  boundExport(cluster: LogicalClusterName, group: string, resource: string): BoundExport | undefined;
  /**
   * Each stands for itself alone, as kube-apiserver's `--authorization-always-allow-paths` takes
   * them.
   */
  readonly alwaysAllowPaths: readonly string[];
}

export interface Authorizer {
  /** May the user do this? Any scopes and warrants it carries are heeded. */
  authorize(request: AccessRequest): Decision;
  /**
   * The same without the gates before RBAC, as for a SubjectAccessReview marked deep: whether a
   * provider grants `bind`, `use` or content to somebody who may not enter the provider's
   * workspace.
   */
  authorizeDeep(request: AccessRequest): Decision;
  /**
   * Whether the request writes or reads a status that belongs to the system, which it then denies
   * to everybody but `system:masters`.
   */
  deniesSystemStatus(request: AccessRequest): boolean;
  /**
   * The maximal permission policy alone: whether the provider in `exportCluster` lets the user, who
   * acts through another provider's virtual workspace, do this with its API. The request's cluster
   * is not looked at.
   */
  policyAllows(request: AccessRequest, exportCluster: LogicalClusterName): boolean;
}

export const alwaysAllowPathsDefault: readonly string[] = ['/healthz', '/livez', '/readyz'];

/** The user as it was authenticated, and everybody whose rights count for it in the cluster. */
interface Asker {
  readonly user: UserInfo;
  readonly effective: readonly [UserInfo, ...UserInfo[]];
}

type Link = (asker: Asker, cluster: LogicalClusterName, question: Question) => Decision | undefined;

const masters: Decision = { allowed: true, reason: mastersGroup };
const openPath: Decision = { allowed: true, reason: 'always allowed path' };
const allowedByRules: Decision = { allowed: true, reason: 'RBAC' };
const noRule = noOpinion('no RBAC rule allows it');
const noPolicy = noOpinion('the maximal permission policy does not allow it');

export function createAuthorizer(deps: AuthorizerDependencies): Authorizer {
  const { rbac, alwaysAllowPaths } = deps;
  const gates: Link = ({ effective }, cluster, question) => {
    const facts = cluster === '' || cluster === '*' ? undefined : deps.cluster(cluster);
    // Each shard says itself who may read its metrics, also where it does not have root.
    if (facts === undefined && isShardPath(question)) return undefined;
    return checkRequiredGroups(effective[0], cluster, facts) ?? checkContent(effective, cluster, facts, question, rbac);
  };
  const systemStatus: Link = (_asker, _cluster, question) => checkSystemStatus(question);
  const permissionPolicy: Link = ({ user }, cluster, question) => {
    if (question.kind !== 'resource') return undefined;
    const bound = deps.boundExport(cluster, question.group, question.resource);
    if (bound === undefined || bound.maximalPermissionPolicy === false) return undefined;
    const place = { exportCluster: bound.exportCluster, consumer: cluster };
    return policyAllows(rbac, user, place, question) ? undefined : noPolicy;
  };
  const rules: Link = ({ effective }, cluster, question) =>
    effective.some((user) => rbac.allows(user, cluster, question)) ? allowedByRules : noRule;

  const chain: readonly Link[] = [gates, systemStatus, permissionPolicy, rules];
  const deepChain: readonly Link[] = [systemStatus, rules];

  /**
   * The request about the resource behind the name: a group's earlier name grants and denies
   * nothing by itself.
   */
  function resolved(request: AccessRequest): AccessRequest {
    if (request.kind !== 'resource') return request;
    const group = currentGroup(request.group);
    return group === request.group ? request : { ...request, group };
  }

  /**
   * The chain runs once, as in kcp, and each link heeds every effective user: a warrant adds rights
   * though its user could not enter by itself.
   */
  function decide(links: readonly Link[], asked: AccessRequest): Decision {
    const request = resolved(asked);
    const { user, cluster } = request;
    if (hasGroup(user, mastersGroup)) return masters;
    if (request.kind === 'non-resource' && alwaysAllowPaths.includes(request.path)) return openPath;
    const asker: Asker = { user, effective: effectiveUsers(user, cluster) };
    for (const link of links) {
      const decision = link(asker, cluster, request);
      if (decision !== undefined) return decision;
    }
    return noRule;
  }

  return {
    authorize: (request) => decide(chain, request),
    authorizeDeep: (request) => decide(deepChain, request),
    deniesSystemStatus: (request) =>
      !hasGroup(request.user, mastersGroup) && checkSystemStatus(resolved(request)) !== undefined,
    policyAllows: (request, exportCluster) =>
      hasGroup(request.user, mastersGroup) ||
      policyAllows(rbac, request.user, { exportCluster, consumer: undefined }, resolved(request)),
  };
}
