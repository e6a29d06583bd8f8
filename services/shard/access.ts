/** Who may do what in this shard: the authorizer over the shard's own objects, and the questions that others ask of it. */
import type { ApiPath } from '@kcp-ts/apiserver';
import type { AccessRequest, Authorizer, Escalation, Rbac, Reviews } from '@kcp-ts/authz';
import {
  alwaysAllowPathsDefault,
  createAuthorizer,
  createEscalation,
  createRbac,
  createReviews,
  createStoreRuleSource,
  forbiddenError,
  rbacChangeOf,
} from '@kcp-ts/authz';
import type { ClusterName, UserInfo } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey } from '@kcp-ts/sharing';
import type { Core } from './core.ts';

export interface Access {
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly reviews: Reviews;
  readonly escalation: Escalation;
  /** Throws Forbidden. */
  authorizeApi(user: UserInfo, cluster: string, api: ApiPath, verb: string): void;
  authorizePath(user: UserInfo, cluster: string, path: string, verb: string): void;
  /** May the user do this with something in another workspace, without being let into it? */
  mayDeep(
    user: UserInfo,
    cluster: string,
    verb: string,
    target: { readonly group: string; readonly resource: string; readonly subresource?: string; readonly name: string },
  ): boolean;
  /** Whether the export that a claimed resource comes from lets a provider do this: its maximal permission policy, if it has one. */
  ownerAllows(user: UserInfo, verb: string, api: ApiPath, served: ServedResource): boolean;
  forbidden(user: UserInfo, cluster: string, api: ApiPath, verb: string): StatusError;
  forbiddenPath(user: UserInfo, cluster: string, path: string, verb: string): StatusError;
}

function resourceRequest(user: UserInfo, cluster: string, api: ApiPath, verb: string): AccessRequest {
  const { group, version, resource, subresource, namespace, name } = api;
  return { kind: 'resource', user, cluster, verb, group, version, resource, subresource, namespace, name };
}

export function createAccess(core: Core): Access {
  const { clusters, catalog, reader } = core;
  const rbac = createRbac(createStoreRuleSource(core.everywhere));
  core.changes.onChanges((changes) => {
    for (const { event } of changes) {
      const changed = rbacChangeOf(event.key);
      if (changed !== undefined) rbac.invalidate(changed.cluster, changed.namespace, changed.object);
    }
  });
  core.onGone((cluster) => rbac.invalidate(cluster));
  const authorizer = createAuthorizer({
    rbac,
    alwaysAllowPaths: alwaysAllowPathsDefault,
    cluster: (name) => clusters.facts(name as ClusterName),
    boundExport(cluster, group, resource) {
      const origin = catalog.surface(cluster as ClusterName).findAny(group, resource)?.origin;
      if (origin?.kind !== 'bound') return undefined;
      const source = reader.get<ApiExport>(exportKey(origin.exportCluster, origin.exportName));
      if (source === undefined) return undefined;
      const { exportCluster, exportName } = origin;
      return {
        exportCluster,
        exportName,
        maximalPermissionPolicy: source.spec?.maximalPermissionPolicy?.local !== undefined,
      };
    },
  });
  const pathRequest = (user: UserInfo, cluster: string, path: string, verb: string): AccessRequest => ({
    kind: 'non-resource',
    user,
    cluster,
    verb,
    path,
  });
  return {
    authorizer,
    rbac,
    reviews: createReviews(authorizer, rbac),
    escalation: createEscalation(authorizer, rbac),
    authorizeApi(user, cluster, api, verb) {
      const request = resourceRequest(user, cluster, api, verb);
      if (!authorizer.authorize(request).allowed) throw forbiddenError(request);
    },
    authorizePath(user, cluster, path, verb) {
      const request = pathRequest(user, cluster, path, verb);
      if (!authorizer.authorize(request).allowed) throw forbiddenError(request);
    },
    mayDeep(user, cluster, verb, { group, resource, subresource = '', name }) {
      if (core.peers?.isFresh(cluster) === false)
        throw new StatusError('ServiceUnavailable', `the shard of ${cluster} has not been heard for a while`, {
          retryAfterSeconds: 1,
        });
      return authorizer.authorizeDeep({
        kind: 'resource',
        user,
        cluster,
        verb,
        group,
        version: '',
        resource,
        subresource,
        namespace: '',
        name,
      }).allowed;
    },
    ownerAllows(user, verb, api, { origin }) {
      if (origin.kind !== 'bound') return true;
      const source = reader.get<ApiExport>(exportKey(origin.exportCluster, origin.exportName));
      if (source?.spec?.maximalPermissionPolicy?.local === undefined) return true;
      return authorizer.policyAllows(resourceRequest(user, origin.exportCluster, api, verb), origin.exportCluster);
    },
    forbidden: (user, cluster, api, verb) => forbiddenError(resourceRequest(user, cluster, api, verb)),
    forbiddenPath: (user, cluster, path, verb) => forbiddenError(pathRequest(user, cluster, path, verb)),
  };
}
