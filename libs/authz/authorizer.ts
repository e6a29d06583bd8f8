/** The chain of authorizers. Synchronous: what it asks is in memory or in the store's own copy. */
import type { UserInfo } from '@kcp-ts/meta';
import { currentGroup } from '@kcp-ts/meta';
import type { AccessRequest, Decision, Question } from './attributes.ts';
import { hasGroup } from './attributes.ts';
import type { ClusterFacts } from './content-gate.ts';
import { checkContent, checkRequiredGroups, checkSystemStatus, noOpinion } from './content-gate.ts';
import { effectiveUsers } from './effective-users.ts';
import { policyAllows } from './permission-policy.ts';
import type { Rbac } from './rbac.ts';
import { mastersGroup } from './well-known.ts';

/** The export that a resource of a cluster is bound from. */
export interface BoundExport {
  readonly exportCluster: string;
  readonly exportName: string;
  /** Whether it limits what consumers may do. */
  readonly maximalPermissionPolicy: boolean;
}

export interface AuthorizerNeeds {
  readonly rbac: Rbac;
  cluster(name: string): ClusterFacts | undefined;
  /** Undefined for what is not bound, and where the export is gone. */
  boundExport(cluster: string, group: string, resource: string): BoundExport | undefined;
  /** Each stands for itself and all below. */
  readonly alwaysAllowPaths: readonly string[];
}

export interface Authorizer {
  /** May the user do this? Any scopes and warrants it carries are heeded. */
  authorize(request: AccessRequest): Decision;
  /**
   * The same without the gates before RBAC, as for a SubjectAccessReview marked deep: whether a provider grants `bind`, `use` or content to somebody
   * who may not enter the provider's workspace.
   */
  authorizeDeep(request: AccessRequest): Decision;
  /** Whether the request writes or reads a status that belongs to the system, which it then denies to everybody but `system:masters`. */
  deniesSystemStatus(request: AccessRequest): boolean;
  /** Whether the provider in `exportCluster` lets the user do this with its API in the request's cluster: the maximal permission policy alone. */
  policyAllows(request: AccessRequest, exportCluster: string): boolean;
}

export const alwaysAllowPathsDefault: readonly string[] = ['/healthz', '/livez', '/readyz'];

type Link = (user: UserInfo, cluster: string, question: Question) => Decision | undefined;

const masters: Decision = { allowed: true, reason: mastersGroup };
const openPath: Decision = { allowed: true, reason: 'always allowed path' };
const allowedByRules: Decision = { allowed: true, reason: 'RBAC' };
const noRule = noOpinion('no RBAC rule allows it');
const noPolicy = noOpinion('the maximal permission policy does not allow it');

export function createAuthorizer(needs: AuthorizerNeeds): Authorizer {
  const { rbac, alwaysAllowPaths } = needs;
  const belowPaths = alwaysAllowPaths.map((path) => `${path}/`);

  function isOpenPath(path: string): boolean {
    return alwaysAllowPaths.includes(path) || belowPaths.some((prefix) => path.startsWith(prefix));
  }

  const gates: Link = (user, cluster, question) => {
    const facts = cluster === '' || cluster === '*' ? undefined : needs.cluster(cluster);
    return checkRequiredGroups(user, cluster, facts) ?? checkContent(user, cluster, facts, question, rbac);
  };
  const systemStatus: Link = (_user, _cluster, question) => checkSystemStatus(question);
  const permissionPolicy: Link = (user, cluster, question) => {
    if (question.kind !== 'resource') return undefined;
    const bound = needs.boundExport(cluster, question.group, question.resource);
    if (bound === undefined || !bound.maximalPermissionPolicy) return undefined;
    return policyAllows(rbac, user, cluster, bound.exportCluster, question) ? undefined : noPolicy;
  };
  const rules: Link = (user, cluster, question) => (rbac.allows(user, cluster, question) ? allowedByRules : noRule);

  const chain: readonly Link[] = [gates, systemStatus, permissionPolicy, rules];
  const deepChain: readonly Link[] = [systemStatus, rules];

  function ask(links: readonly Link[], user: UserInfo, cluster: string, question: Question): Decision {
    for (const link of links) {
      const decision = link(user, cluster, question);
      if (decision !== undefined) return decision;
    }
    return noRule;
  }

  /** The request about the resource behind the name: a group's earlier name grants and denies nothing by itself. */
  function resolved(request: AccessRequest): AccessRequest {
    if (request.kind !== 'resource') return request;
    const group = currentGroup(request.group);
    return group === request.group ? request : { ...request, group };
  }

  function decide(links: readonly Link[], asked: AccessRequest): Decision {
    const request = resolved(asked);
    if (hasGroup(request.user, mastersGroup)) return masters;
    if (request.kind === 'non-resource' && isOpenPath(request.path)) return openPath;
    let refused = noRule;
    for (const user of effectiveUsers(request.user, request.cluster)) {
      const decision = ask(links, user, request.cluster, request);
      if (decision.allowed || decision.denied) return decision;
      if (refused === noRule) refused = decision;
    }
    return refused;
  }

  return {
    authorize: (request) => decide(chain, request),
    authorizeDeep: (request) => decide(deepChain, request),
    deniesSystemStatus: (request) =>
      !hasGroup(request.user, mastersGroup) && checkSystemStatus(resolved(request)) !== undefined,
    policyAllows(asked, exportCluster) {
      const request = resolved(asked);
      return effectiveUsers(request.user, request.cluster).some((user) =>
        policyAllows(rbac, user, request.cluster, exportCluster, request),
      );
    },
  };
}
