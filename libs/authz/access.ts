/**
 * Who may do what in the logical clusters of a shard: the authorizer over the shard's own objects,
 * and the questions that other parts ask of it.
 */

import type { ApiPath, LogicalClusterName, RequestInfo, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { AccessRequest } from './attributes.ts';
import type { Authorizer, AuthorizerDependencies } from './authorizer.ts';
import { alwaysAllowPathsDefault, createAuthorizer } from './authorizer.ts';
import type { ClusterFacts } from './content-gate.ts';
import type { Escalation } from './escalation.ts';
import { createEscalation } from './escalation.ts';
import { forbiddenError } from './forbidden-error.ts';
import type { Rbac } from './rbac.ts';
import { createRbac } from './rbac.ts';
import type { Reviews } from './reviews.ts';
import { createReviews } from './reviews.ts';
import type { RuleSource } from './rule-source.ts';
import { rbacChangeOf } from './rule-source.ts';

/** A resource that a permission claim names, as it is served. */
export interface ClaimedResource {
  readonly identity: string;
  readonly origin: { readonly kind: string };
  readonly storage: { readonly definition: { readonly group: string; readonly plural: string } };
}

export interface AccessDependencies {
  readonly rules: RuleSource;
  /** A logical cluster of this shard. */
  cluster(name: string): ClusterFacts | undefined;
  /** A logical cluster of another shard, as far as it is known here. */
  otherCluster(name: string): ClusterFacts | undefined;
  readonly boundExport: AuthorizerDependencies['boundExport'];
  /**
   * Clusters with an export that brings a resource under an identity and limits what consumers may
   * do.
   */
  policyOwners(identity: string, group: string, plural: string): readonly string[];
  /** Whether what is known of a cluster of another shard may decide. */
  isFresh(cluster: LogicalClusterName): boolean;
}

export interface Access {
  readonly authorizer: Authorizer;
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
  /**
   * Whether a claimed resource lets a provider do this: the maximal permission policies of the
   * exports that own it, and what is the system's alone.
   */
  ownerAllows(user: UserInfo, verb: string, api: ApiPath, claimed: ClaimedResource): boolean;
  /**
   * Compiles the bindings of a cluster and namespace, with turns for others; undefined where they
   * are. Who is asked about others is answered as well, and compiles in one piece.
   */
  prepare: Rbac['prepare'];
  /** The same for several clusters. */
  prepareClusters(clusters: Iterable<string>, turns: Turns): Promise<void> | undefined;
  /** The clusters whose exports have a say in what a provider does with a claimed resource. */
  policyClusters(claimed: ClaimedResource): readonly string[];
  /** Kubernetes' text for a request that is forbidden. */
  forbidden(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): StatusError;
  /** To be called with every changed key, before its commit is acknowledged. */
  changed(key: string): void;
  /** The cluster is gone. */
  forget(cluster: LogicalClusterName): void;
}

const signers = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'signers',
  subresource: '',
  namespace: '',
} as const;

function resourceRequest(user: UserInfo, cluster: LogicalClusterName, api: ApiPath, verb: string): AccessRequest {
  const { group, version, resource, subresource, namespace, name } = api;
  return { kind: 'resource', user, cluster, verb, group, version, resource, subresource, namespace, name };
}

function accessRequest(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): AccessRequest {
  if (info.kind === 'resource') return resourceRequest(user, cluster, info, info.verb ?? '');
  return { kind: 'non-resource', user, cluster, verb: info.verb, path: info.path };
}

export function createAccess(deps: AccessDependencies): Access {
  const { policyOwners, isFresh } = deps;
  const rbac = createRbac(deps.rules);
  const authorizerDeps: AuthorizerDependencies = {
    rbac,
    alwaysAllowPaths: alwaysAllowPathsDefault,
    cluster: deps.cluster,
    boundExport: deps.boundExport,
  };
  const authorizer = createAuthorizer(authorizerDeps);
  // Requests for clusters of other shards are theirs to judge: this one only answers who could
  // enter.
  const entrance = createAuthorizer({
    ...authorizerDeps,
    cluster: (name) => deps.cluster(name) ?? deps.otherCluster(name),
  });
  return {
    authorizer,
    reviews: createReviews(authorizer, rbac),
    escalation: createEscalation(authorizer, rbac),
    refusal(user, cluster, info) {
      const request = accessRequest(user, cluster, info);
      return authorizer.authorize(request).allowed ? undefined : forbiddenError(request);
    },
    mayDeep(user, cluster, verb, { group, resource, subresource = '', name }) {
      if (!isFresh(cluster))
        throw new StatusError(
          'ServiceUnavailable',
          `what is known of the shard of ${cluster} is too old to decide by`,
          {
            retryAfterSeconds: 1,
          },
        );
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
      isFresh(cluster) &&
      entrance.authorize({ kind: 'non-resource', user, cluster, verb: 'access', path: '/' }).allowed,
    maySign: (user, cluster, verb, name) =>
      authorizer.authorize({ kind: 'resource', user, cluster, verb, ...signers, name }).allowed,
    prepare: rbac.prepare,
    prepareClusters(asked, turns) {
      const waiting = [...new Set(asked)].flatMap((cluster) => rbac.prepare(cluster, '', turns) ?? []);
      return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
    },
    policyClusters({ identity, storage, origin }) {
      const { group, plural } = storage.definition;
      return origin.kind === 'bound' ? policyOwners(identity, group, plural) : [];
    },
    ownerAllows(user, verb, api, { identity, storage, origin }) {
      const { group, plural } = storage.definition;
      const request = resourceRequest(user, '', { ...api, group, resource: plural }, verb);
      if (origin.kind !== 'bound') return !authorizer.deniesSystemStatus(request);
      // Exports may share an identity: an object belongs to all of them, so each has its say.
      return policyOwners(identity, group, plural).every((cluster) => authorizer.policyAllows(request, cluster));
    },
    forbidden: (user, cluster, info) => forbiddenError(accessRequest(user, cluster, info)),
    changed(key) {
      const changed = rbacChangeOf(key);
      if (changed !== undefined) rbac.invalidate(changed.cluster, changed.namespace, changed.object);
    },
    forget: (cluster) => rbac.invalidate(cluster),
  };
}
