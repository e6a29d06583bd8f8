/** From the beginning of a path to the scope it names. */

import type { ClusterName, UserInfo, WorkspacePath } from '@kcp-ts/api';
import { isClusterName, isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { ApiRequest, Route } from '@kcp-ts/apiserver';
import { respondText, splitCluster } from '@kcp-ts/apiserver';
import { impersonationOf } from '@kcp-ts/authn';
import { homeOf, impersonate } from '@kcp-ts/authz';
import type { Turns } from '@kcp-ts/base';
import { decodeSegment, misdirectedStatus, routedHeader } from '@kcp-ts/http';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey } from '@kcp-ts/sharing';
import { createExportScope, createExportSurfaces } from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import { clusterScope, noClusterScope, wildcardScope } from './scopes.ts';

export interface RouterDependencies {
  readonly core: Core;
  readonly access: Access;
  /** `GET …/workspaces/~` in root. */
  homeWorkspace(request: ApiRequest): Promise<void>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
}

export interface Router {
  route(request: ApiRequest): Route;
  impersonate(request: ApiRequest): UserInfo;
}

const apiExportPrefix = '/services/apiexport/';
const homePath = '/apis/tenancy.kcp.io/v1alpha1/workspaces/~';

/** Those who administer the installation may know which paths there are; to others an unknown one is as forbidden as any. */
function mayKnowPaths(user: UserInfo): boolean {
  return user.groups.includes('system:masters') || user.groups.includes('system:kcp:admin');
}

export function createRouter(deps: RouterDependencies): Router {
  const { core, access } = deps;
  const surfaces = createExportSurfaces(core);
  core.changes.onChanges((changes) => {
    for (const { event } of changes) surfaces.changed(event.key);
  });
  const scopes = { wildcard: wildcardScope(core, access), none: noClusterScope(core, access) };
  const exportDeps = {
    claims: core.claims,
    consumers: core.bindings.consumers,
    wasBound: core.bindings.wasBound,
    mayAccessContent: (user: UserInfo, verb: string, cluster: string, name: string) =>
      access.mayDeep(user, cluster, verb, {
        group: 'apis.kcp.io',
        resource: 'apiexports',
        subresource: 'content',
        name,
      }),
    ownerAllows: access.ownerAllows,
    prepareAccess: (exportCluster: string, claimed: ServedResource | undefined, turns: Turns) =>
      access.prepareClusters([exportCluster, ...(claimed === undefined ? [] : access.policyClusters(claimed))], turns),
    forbidden: (user: UserInfo, verb: string, cluster: string, api: Parameters<Access['forbidden']>[2]) =>
      access.forbidden(user, cluster, api, verb),
    forbiddenPath: (user: UserInfo, path: string, verb: string) => access.forbiddenPath(user, '', path, verb),
  };

  /** The cluster that a path names; throws what its absence deserves. Undefined where whoever handed the request on should look again. */
  function resolve(text: string, request: ApiRequest): ClusterName | undefined {
    if (!isWorkspacePath(text) && !(text.startsWith('system:') && isClusterName(text))) {
      throw StatusError.badRequest(`invalid cluster: ${JSON.stringify(text)} does not match the regex`);
    }
    const found = core.clusters.resolve(text as WorkspacePath);
    if (found.status === 'found') {
      if (core.clusters.facts(found.cluster) !== undefined || found.cluster.startsWith('system:')) return found.cluster;
      // Handed on by what another service has heard, which may not have been the last of it.
      if (request.exchange.headers[routedHeader] !== undefined) return undefined;
      if (request.user.groups.includes('system:masters')) return found.cluster;
      if (mayKnowPaths(request.user))
        throw StatusError.notFound({ group: 'core.kcp.io', plural: 'logicalclusters' }, found.cluster);
      return found.cluster;
    }
    if (found.status === 'unavailable')
      throw new StatusError('ServiceUnavailable', 'Not available.', { retryAfterSeconds: 1 });
    if (mayKnowPaths(request.user)) throw StatusError.notFound({ group: 'tenancy.kcp.io', plural: 'workspaces' }, text);
    throw new StatusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(request.user.name)} cannot ${request.method.toLowerCase()} path ${JSON.stringify(request.path)}: access denied`,
      {},
    );
  }

  function routeCluster(request: ApiRequest, text: string, rest: string): Route {
    if (text === '*') return { kind: 'scope', scope: scopes.wildcard, rest };
    const cluster = resolve(text, request);
    if (cluster === undefined)
      return { kind: 'answer', answer: ({ exchange }) => exchange.respond(misdirectedStatus, {}) };
    if (rest === '/metrics')
      return {
        kind: 'answer',
        answer: () =>
          Promise.reject(
            new StatusError('NotImplemented', 'shard-level endpoint not available at workspace scope', {}),
          ),
      };
    if (cluster === 'root' && rest === homePath && request.method === 'GET')
      return { kind: 'answer', answer: deps.homeWorkspace };
    return { kind: 'scope', scope: clusterScope(core, access, cluster), rest };
  }

  function unresolvedVirtual(request: ApiRequest): StatusError {
    const path = JSON.stringify(request.path);
    const who = JSON.stringify(request.user.name);
    return new StatusError(
      'Forbidden',
      `forbidden: User ${who} cannot ${request.method.toLowerCase()} path ${path}: Path not resolved to a valid virtual workspace`,
      {},
    );
  }

  /** `/services/apiexport/<cluster>/<export>/clusters/<cluster or *>/…` */
  function routeApiExport(request: ApiRequest): Route {
    const [owner = '', name = '', ...behind] = request.path.slice(apiExportPrefix.length).split('/');
    const split = splitCluster(`/${behind.join('/')}`);
    if (owner === '' || name === '' || split === undefined) throw unresolvedVirtual(request);
    const ownerText = decodeSegment(owner);
    const found = isWorkspacePath(ownerText) ? core.clusters.resolve(ownerText) : ({ status: 'unknown' } as const);
    const exportCluster = found.status === 'found' ? found.cluster : undefined;
    const exportName = decodeSegment(name);
    if (exportCluster === undefined)
      throw access.forbiddenPath(request.user, '', request.path, request.method.toLowerCase());
    const source = core.reader.get<ApiExport>(exportKey(exportCluster, exportName));
    const exported = (turns: Turns) =>
      source === undefined
        ? { surface: core.catalog.intern('export none', () => []), groundsOf: () => undefined }
        : surfaces.of(exportCluster, source, turns);
    const cluster = split.cluster === '*' ? '*' : consumer(split.cluster);
    const scope = createExportScope(exportDeps, { exportCluster, exportName, source, cluster, exported });
    return { kind: 'scope', scope, rest: split.rest };
  }

  /** An unknown consumer is one that has not bound the export. */
  function consumer(text: string): ClusterName {
    const found = isWorkspacePath(text) ? core.clusters.resolve(text) : undefined;
    return found?.status === 'found' ? found.cluster : ('unknown' as ClusterName);
  }

  /** A service account's client knows no `/clusters`: its token says where it is at home. */
  function homeClusterOf(user: UserInfo): ClusterName | undefined {
    const cluster = homeOf(user);
    return cluster !== undefined && isClusterName(cluster) ? cluster : undefined;
  }

  function route(request: ApiRequest): Route {
    const split = splitCluster(request.path);
    if (split !== undefined) return routeCluster(request, split.cluster, split.rest);
    if (request.path.startsWith(apiExportPrefix)) return routeApiExport(request);
    if (request.path.startsWith('/services/')) throw unresolvedVirtual(request);
    if (request.path === '/metrics') return { kind: 'answer', answer: () => answerMetrics(request) };
    const home = homeClusterOf(request.requester ?? request.user);
    return {
      kind: 'scope',
      scope: home === undefined ? scopes.none : clusterScope(core, access, home),
      rest: request.path,
    };
  }

  async function answerMetrics(request: ApiRequest): Promise<void> {
    access.authorizePath(request.user, 'root', '/metrics', request.method.toLowerCase());
    respondText(request, 200, await deps.metrics());
  }

  /** Where an impersonation is judged: the workspace of the request, the provider's for its virtual workspace, or the home of a service account that names none. */
  function impersonationCluster(request: ApiRequest): string {
    const split = splitCluster(request.path);
    const text =
      split?.cluster ??
      decodeSegment(
        request.path.startsWith(apiExportPrefix)
          ? (request.path.slice(apiExportPrefix.length).split('/')[0] ?? '')
          : '',
      );
    if (text === '') return homeClusterOf(request.user) ?? '';
    if (text === '*') return text;
    const found =
      isWorkspacePath(text) || isClusterName(text) ? core.clusters.resolve(text as WorkspacePath) : undefined;
    return found?.status === 'found' ? found.cluster : '';
  }

  return {
    route,
    impersonate(request) {
      const wanted = impersonationOf(request.exchange);
      return wanted === undefined
        ? request.user
        : impersonate(access.authorizer, request.user, wanted, impersonationCluster(request));
    },
  };
}
