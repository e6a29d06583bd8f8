/** The view of an ordinary request: one logical cluster. */

import type { ApiPath, ClusterName, LogicalClusterName, RequestInfo, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { RequestAuthorizer, ServedApi, StorageView, View } from '@kcp-ts/apiserver';
import type { Access } from '@kcp-ts/authz';
import type { Turns } from '@kcp-ts/base';
import type { Catalog } from '@kcp-ts/catalog';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { Range } from '@kcp-ts/storage';

const inactivePaths = ['/openapi', '/apis/core.kcp.io/v1alpha1/logicalclusters'];
const logicalClusters = { group: 'core.kcp.io', plural: 'logicalclusters' };

export interface ClusterViewDependencies {
  readonly access: Pick<Access, 'refusal' | 'prepare'>;
  readonly catalog: Pick<Catalog, 'surface' | 'prepare'>;
  /** Undefined for a cluster that is not on this shard. */
  facts(cluster: ClusterName): { readonly inactive: boolean } | undefined;
}

/**
 * Those who administer the installation may know which paths there are; to others an unknown one is
 * as forbidden as any.
 */
export function mayKnowPaths(user: UserInfo): boolean {
  return user.groups.includes('system:masters') || user.groups.includes('system:kcp:admin');
}

function isInactivePath(info: RequestInfo): boolean {
  const path = info.kind === 'non-resource' ? info.path : `/apis/${info.group}/${info.version}/${info.resource}`;
  return inactivePaths.some((open) => path.startsWith(open));
}

/**
 * One logical cluster. It is view, authorizer, API and storage in one object, and a class, because
 * there is one for each request: methods on a prototype cost nothing.
 */
class ClusterView implements View, RequestAuthorizer, ServedApi, StorageView {
  readonly cluster: ClusterName;
  readonly #deps: ClusterViewDependencies;

  constructor(deps: ClusterViewDependencies, cluster: ClusterName) {
    this.#deps = deps;
    this.cluster = cluster;
  }

  get impersonationCluster(): string {
    return this.cluster;
  }

  get authorizer(): RequestAuthorizer {
    return this;
  }

  get api(): ServedApi {
    return this;
  }

  storageFor(): StorageView {
    return this;
  }

  get surface(): ApiSurface {
    return this.#deps.catalog.surface(this.cluster);
  }

  find(api: ApiPath): ServedResource | undefined {
    const served = this.surface.find(api.group, api.version, api.resource);
    return api.identity === undefined || served?.identity === api.identity ? served : undefined;
  }

  ranges(served: ServedResource, namespace: string): readonly Range[] {
    return [this.watchRange(served, namespace)];
  }

  watchRange(served: ServedResource, namespace: string): Range {
    return { prefix: rangePrefix(served, this.cluster, namespace) };
  }

  objectFilter(): undefined {
    return undefined;
  }

  prepare(info: RequestInfo, turns: Turns): Promise<void> | undefined {
    const { access, catalog } = this.#deps;
    const namespace = info.kind === 'resource' ? info.namespace : '';
    const surface = catalog.prepare(this.cluster, turns);
    return surface === undefined
      ? access.prepare(this.cluster, namespace, turns)
      : surface.then(() => access.prepare(this.cluster, namespace, turns));
  }

  authorize(user: UserInfo, info: RequestInfo): StatusError | undefined {
    const facts = this.#deps.facts(this.cluster);
    if (facts === undefined && this.#isMissingFor(user)) return StatusError.notFound(logicalClusters, this.cluster);
    if (info.kind === 'non-resource' && info.path === '/metrics')
      return new StatusError('NotImplemented', 'shard-level endpoint not available at workspace scope', {});
    // An inactive cluster answers nobody but users who may activate it.
    if (facts?.inactive === true && !isInactivePath(info))
      return new StatusError('Forbidden', 'logical cluster is marked inactive', {});
    return this.#deps.access.refusal(user, this.cluster, info);
  }

  #isMissingFor(user: UserInfo): boolean {
    return !this.cluster.startsWith('system:') && !user.groups.includes('system:masters') && mayKnowPaths(user);
  }
}

export function clusterView(deps: ClusterViewDependencies, cluster: ClusterName): View {
  return new ClusterView(deps, cluster);
}

function rangePrefix(served: ServedResource, cluster: LogicalClusterName, namespace: string): string {
  return `${served.prefix}${cluster}/${served.definition.namespaced && namespace !== '' ? `${namespace}/` : ''}`;
}
