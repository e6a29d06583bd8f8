/**
 * From the beginning of a path to what it names: a view of one cluster or of all, a virtual
 * workspace, or something that answers by itself.
 */

import type { ClusterName, KubeObject, LogicalClusterName, UserInfo, WorkspacePath } from '@kcp-ts/api';
import { isClusterName, isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { ApiRequest, ReceivedRequest, Target, View } from '@kcp-ts/apiserver';
import { respondJson, respondText, splitCluster } from '@kcp-ts/apiserver';
import { impersonationOf } from '@kcp-ts/authn';
import type { Access } from '@kcp-ts/authz';
import { homeOf, impersonate } from '@kcp-ts/authz';
import type { Peer } from '@kcp-ts/http';
import { misdirectedStatus, routedHeader } from '@kcp-ts/http';
import type { VirtualWorkspaces } from '../framework.ts';
import { locateVirtual, servicesPrefix } from '../framework.ts';
import type { AllClustersViewDependencies } from './all-clusters-view.ts';
import { allClustersView, noClusterView } from './all-clusters-view.ts';
import type { ClusterViewDependencies } from './cluster-view.ts';
import { clusterView, mayKnowPaths } from './cluster-view.ts';

/** Where a path leads, as far as this shard knows. */
export type ResolvedPath =
  | { readonly status: 'found'; readonly cluster: ClusterName }
  | { readonly status: 'unknown' | 'unavailable' };

export interface TargetDependencies extends ClusterViewDependencies, AllClustersViewDependencies {
  readonly access: Pick<Access, 'refusal' | 'prepare' | 'authorizer'>;
  resolve(path: WorkspacePath | ClusterName): ResolvedPath;
  readonly virtualWorkspaces: VirtualWorkspaces;
  /**
   * The user's home workspace, for `GET …/workspaces/~` in root. Rejects with a StatusError where
   * the user may have none.
   */
  homeWorkspace(user: UserInfo): Promise<KubeObject>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  /**
   * Whether a connection is that of another service of the installation; nobody's where there is
   * none.
   */
  isService?: ((peer: Peer) => boolean) | undefined;
}

export interface Targets {
  /** Reads the prefix of a path. Never throws. */
  locate(request: ReceivedRequest): Target;
  /** Where a user is at home whose request has no prefix. */
  home(user: UserInfo): View;
  /** The user that a request acts as; throws Forbidden. */
  impersonate(request: ApiRequest): UserInfo;
}

const homePath = '/apis/tenancy.kcp.io/v1alpha1/workspaces/~';
const allowed = { authorize: () => undefined };

function refused(refusal: (user: UserInfo) => StatusError): Target {
  return { kind: 'refused', refusal };
}

/**
 * What is said of a path that is no workspace's: those who administer the installation may know.
 */
function unknownPath(text: string, { method, path }: ReceivedRequest): Target {
  return refused((user) => {
    if (mayKnowPaths(user)) return StatusError.notFound({ group: 'tenancy.kcp.io', plural: 'workspaces' }, text);
    const who = JSON.stringify(user.name);
    const message = `forbidden: User ${who} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}: access denied`;
    return new StatusError('Forbidden', message, {});
  });
}

export function createTargets(deps: TargetDependencies): Targets {
  const { access } = deps;
  const allClusters = allClustersView(deps);
  const noCluster = noClusterView(deps);

  function locateCluster(request: ReceivedRequest, text: string, rest: string): Target {
    if (text === '*') return { kind: 'view', view: allClusters, rest };
    if (!isWorkspacePath(text) && !(text.startsWith('system:') && isClusterName(text)))
      return refused(() => StatusError.badRequest(`invalid cluster: ${JSON.stringify(text)} does not match the regex`));
    const found = deps.resolve(text as WorkspacePath);
    if (found.status === 'unavailable')
      return refused(() => new StatusError('ServiceUnavailable', 'Not available.', { retryAfterSeconds: 1 }));
    if (found.status !== 'found') return unknownPath(text, request);
    const { cluster } = found;
    if (isHandedOn(request) && isMissing(cluster))
      return answer(cluster, ({ exchange }) => exchange.respond(misdirectedStatus, {}));
    if (cluster === 'root' && rest === homePath && request.method === 'GET')
      return answer(cluster, async (request) => respondJson(request, 200, await deps.homeWorkspace(request.user)));
    return { kind: 'view', view: clusterView(deps, cluster), rest };
  }

  /**
   * By a service that may have relied on an index that is out of date, and looks again. The word of
   * a client is none.
   */
  function isHandedOn({ exchange }: ReceivedRequest): boolean {
    return exchange.headers[routedHeader] !== undefined && deps.isService?.(exchange.peer) === true;
  }

  function isMissing(cluster: ClusterName): boolean {
    return deps.facts(cluster) === undefined && !cluster.startsWith('system:');
  }

  function answer(
    impersonationCluster: LogicalClusterName,
    give: (request: ApiRequest) => void | Promise<void>,
  ): Target {
    return { kind: 'answer', impersonationCluster, authorizer: allowed, answer: give };
  }

  const metrics: Target = {
    kind: 'answer',
    authorizer: { authorize: (user, info) => access.refusal(user, 'root', info) },
    answer: async (request) => respondText(request, 200, await deps.metrics()),
  };

  /** A service account's client knows no `/clusters`: its token says where it is at home. */
  function homeClusterOf(user: UserInfo): ClusterName | undefined {
    const cluster = homeOf(user);
    return cluster !== undefined && isClusterName(cluster) ? cluster : undefined;
  }

  /** Whose rights decide on an impersonation. */
  function impersonationCluster({ target, user }: ApiRequest): string {
    switch (target.kind) {
      case 'view':
        return target.view.impersonationCluster;
      case 'answer':
        return target.impersonationCluster ?? homeClusterOf(user) ?? '';
      default:
        return '';
    }
  }

  return {
    locate(request) {
      const { path } = request;
      const split = splitCluster(path);
      if (split !== undefined) return locateCluster(request, split.cluster, split.rest);
      if (path.startsWith(servicesPrefix)) return locateVirtual(deps.virtualWorkspaces, request);
      return path === '/metrics' ? metrics : { kind: 'home' };
    },
    home(user) {
      const cluster = homeClusterOf(user);
      return cluster === undefined ? noCluster : clusterView(deps, cluster);
    },
    impersonate(request) {
      const wanted = impersonationOf(request.exchange);
      return wanted === undefined
        ? request.user
        : impersonate(access.authorizer, request.user, wanted, impersonationCluster(request));
    },
  };
}
