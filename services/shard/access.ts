/** Who may do what in this shard: the authorizer over the shard's own objects, and the questions that others ask of it. */

import type { ApiPath, ClusterName, LogicalClusterName, RequestInfo, UserInfo } from '@kcp-ts/api';
import { parseIdentityHash, StatusError } from '@kcp-ts/api';
import type { AccessRequest, Authorizer, AuthorizerDependencies, Escalation, Rbac, Reviews } from '@kcp-ts/authz';
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
import type { Turns } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { clusterOfKey, exportKey, exportsPrefix, isLimited } from '@kcp-ts/sharing';
import type { Core } from './core.ts';

export interface Access {
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly reviews: Reviews;
  readonly escalation: Escalation;
  /** What a request of the user in a cluster is refused with; undefined where it is allowed. */
  refusal(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): StatusError | undefined;
  /** May the user do this with something in another workspace, without being let into it? */
  mayDeep(
    user: UserInfo,
    cluster: LogicalClusterName,
    verb: string,
    target: { readonly group: string; readonly resource: string; readonly subresource?: string; readonly name: string },
  ): boolean;
  /** May the user enter another workspace, as far as is known of it in this shard? */
  mayEnter(user: UserInfo, cluster: LogicalClusterName): boolean;
  /** Whether the user may `approve` or `sign` for a signer of certificates. */
  maySign(user: UserInfo, cluster: LogicalClusterName, verb: 'approve' | 'sign', name: string): boolean;
  /** Whether a claimed resource lets a provider do this: the maximal permission policies of the exports that own it, and what is the system's alone. */
  ownerAllows(user: UserInfo, verb: string, api: ApiPath, served: ServedResource): boolean;
  /**
   * Compiles the bindings of clusters that questions will be asked about, with turns for others; undefined where they are. Who is asked about others is answered
   * as well, and compiles in one piece.
   */
  prepareClusters(clusters: Iterable<string>, turns: Turns): Promise<void> | undefined;
  /** The clusters whose exports have a say in what a provider does with a claimed resource. */
  policyClusters(served: ServedResource): readonly string[];
  /** Kubernetes' text for a request that is forbidden. */
  forbidden(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): StatusError;
}

function resourceRequest(user: UserInfo, cluster: LogicalClusterName, api: ApiPath, verb: string): AccessRequest {
  const { group, version, resource, subresource, namespace, name } = api;
  return { kind: 'resource', user, cluster, verb, group, version, resource, subresource, namespace, name };
}

function accessRequest(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): AccessRequest {
  if (info.kind === 'resource') return resourceRequest(user, cluster, info, info.verb ?? '');
  return { kind: 'non-resource', user, cluster, verb: info.verb, path: info.path };
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
  const authorizerDeps: AuthorizerDependencies = {
    rbac,
    alwaysAllowPaths: alwaysAllowPathsDefault,
    cluster: (name) => clusters.facts(name as ClusterName),
    boundExport(cluster, group, resource) {
      const origin = catalog.surface(cluster as ClusterName).findAny(group, resource)?.origin;
      if (origin?.kind !== 'bound') return undefined;
      const { exportCluster, exportName } = origin;
      const source = reader.get<ApiExport>(exportKey(exportCluster, exportName));
      const limited = source === undefined ? origin.limited : isLimited(source);
      return { exportCluster, exportName, maximalPermissionPolicy: limited };
    },
  };
  const authorizer = createAuthorizer(authorizerDeps);
  // Requests for clusters of other shards are theirs to judge: this one only answers who could enter.
  const entrance = createAuthorizer({
    ...authorizerDeps,
    cluster: (name) => clusters.facts(name as ClusterName) ?? core.peers?.index.cluster(name),
  });
  /** Clusters with an export that brings a resource under an identity and limits what consumers may do. */
  function owners(identity: string, group: string, plural: string): readonly string[] {
    const hash = parseIdentityHash(identity);
    if (hash === undefined) return [];
    return [...core.exports.withIdentity(hash)].flatMap((key) => {
      const { resources = [], maximalPermissionPolicy } = reader.get<ApiExport>(key)?.spec ?? {};
      const brings = resources.some((resource) => resource.group === group && resource.name === plural);
      return brings && maximalPermissionPolicy?.local !== undefined ? [clusterOfKey(key, exportsPrefix)] : [];
    });
  }
  return {
    authorizer,
    rbac,
    reviews: createReviews(authorizer, rbac),
    escalation: createEscalation(authorizer, rbac),
    refusal(user, cluster, info) {
      const request = accessRequest(user, cluster, info);
      return authorizer.authorize(request).allowed ? undefined : forbiddenError(request);
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
    mayEnter: (user, cluster) =>
      core.peers?.isFresh(cluster) !== false &&
      entrance.authorize({ kind: 'non-resource', user, cluster, verb: 'access', path: '/' }).allowed,
    maySign(user, cluster, verb, name) {
      const signer = {
        group: 'certificates.k8s.io',
        version: 'v1',
        resource: 'signers',
        subresource: '',
        namespace: '',
      };
      return authorizer.authorize({ kind: 'resource', user, cluster, verb, ...signer, name }).allowed;
    },
    prepareClusters(asked, turns) {
      const waiting = [...new Set(asked)].flatMap((cluster) => rbac.prepare(cluster, '', turns) ?? []);
      return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
    },
    policyClusters({ identity, storage, origin }) {
      const { group, plural } = storage.definition;
      return origin.kind === 'bound' ? owners(identity, group, plural) : [];
    },
    ownerAllows(user, verb, api, { identity, storage, origin }) {
      const { group, plural } = storage.definition;
      const asked = { ...api, group, resource: plural };
      if (origin.kind !== 'bound') return !authorizer.deniesSystemStatus(resourceRequest(user, '', asked, verb));
      // Exports may share an identity: an object belongs to all of them, so each has its say.
      return owners(identity, group, plural).every((cluster) =>
        authorizer.policyAllows(resourceRequest(user, '', asked, verb), cluster),
      );
    },
    forbidden: (user, cluster, info) => forbiddenError(accessRequest(user, cluster, info)),
  };
}
