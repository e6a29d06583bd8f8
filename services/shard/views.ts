/** Views of ordinary requests: one logical cluster, or all clusters of the shard at once. */

import type { ApiPath, ClusterName, LogicalClusterName, RequestInfo, UserInfo } from '@kcp-ts/api';
import { parseIdentityHash, StatusError } from '@kcp-ts/api';
import type { RequestAuthorizer, ServedApi, StorageView, View } from '@kcp-ts/apiserver';
import type { Turns } from '@kcp-ts/base';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { Range } from '@kcp-ts/storage';
import { resourcesOfIdentity } from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

const inactivePaths = ['/openapi', '/apis/core.kcp.io/v1alpha1/logicalclusters'];
const logicalClusters = { group: 'core.kcp.io', plural: 'logicalclusters' };

/** Those who administer the installation may know which paths there are; to others an unknown one is as forbidden as any. */
export function mayKnowPaths(user: UserInfo): boolean {
  return user.groups.includes('system:masters') || user.groups.includes('system:kcp:admin');
}

function isInactivePath(info: RequestInfo): boolean {
  const path = info.kind === 'non-resource' ? info.path : `/apis/${info.group}/${info.version}/${info.resource}`;
  return inactivePaths.some((open) => path.startsWith(open));
}

/**
 * One logical cluster. It is view, authorizer, API and storage in one object, and a class, because there is one for each request: methods on a prototype
 * cost nothing.
 */
class ClusterView implements View, RequestAuthorizer, ServedApi, StorageView {
  readonly cluster: ClusterName;
  readonly #core: Core;
  readonly #access: Access;

  constructor(core: Core, access: Access, cluster: ClusterName) {
    this.#core = core;
    this.#access = access;
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
    return this.#core.catalog.surface(this.cluster);
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
    const { rbac } = this.#access;
    const namespace = info.kind === 'resource' ? info.namespace : '';
    const surface = this.#core.catalog.prepare(this.cluster, turns);
    return surface === undefined
      ? rbac.prepare(this.cluster, namespace, turns)
      : surface.then(() => rbac.prepare(this.cluster, namespace, turns));
  }

  authorize(user: UserInfo, info: RequestInfo): StatusError | undefined {
    const facts = this.#core.clusters.facts(this.cluster);
    if (facts === undefined && this.#isMissingFor(user)) return StatusError.notFound(logicalClusters, this.cluster);
    if (info.kind === 'non-resource' && info.path === '/metrics')
      return new StatusError('NotImplemented', 'shard-level endpoint not available at workspace scope', {});
    // An inactive cluster answers nobody but who may wake it.
    if (facts?.inactive === true && !isInactivePath(info))
      return new StatusError('Forbidden', 'logical cluster is marked inactive', {});
    return this.#access.refusal(user, this.cluster, info);
  }

  #isMissingFor(user: UserInfo): boolean {
    return !this.cluster.startsWith('system:') && !user.groups.includes('system:masters') && mayKnowPaths(user);
  }
}

export function clusterView(core: Core, access: Access, cluster: ClusterName): View {
  return new ClusterView(core, access, cluster);
}

function rangePrefix(served: ServedResource, cluster: LogicalClusterName, namespace: string): string {
  return `${served.prefix}${cluster}/${served.definition.namespaced && namespace !== '' ? `${namespace}/` : ''}`;
}

/** What an identity's export serves, whoever binds it. */
function withIdentity(core: Core, api: ApiPath, identity: string): ServedResource | undefined {
  const hash = parseIdentityHash(identity);
  if (hash === undefined) return undefined;
  return resourcesOfIdentity(core, hash, api.group, api.resource).find(
    ({ definition }) => definition.version === api.version,
  );
}

/** Metadata of every object of a group and resource, whatever its schema and identity. */
function anyIdentity(core: Core, api: ApiPath): ServedResource {
  const { base } = core.catalog;
  const like = base.findAny('', 'configmaps');
  if (like === undefined) throw StatusError.pathNotFound();
  const definition = {
    ...like.definition,
    group: api.group,
    version: api.version,
    plural: api.resource,
    namespaced: false,
    subresources: [],
    selectableFields: [],
  };
  const served = {
    ...like,
    definition,
    prefix: `${api.group === '' ? 'core' : api.group}/${api.resource}/`,
    apiVersion: `${api.group}/${api.version}`,
  };
  return Object.assign(served, { storage: served });
}

const otherMethods = 'the server does not allow this method on the requested resource in the `*` logical cluster';

function viewOf(
  cluster: '*',
  values: Pick<View, 'impersonationCluster' | 'authorizer' | 'api'> & { readonly storage: StorageView },
): View {
  const { storage, ...rest } = values;
  return { cluster, ...rest, storageFor: () => storage };
}

const storageOfAll: StorageView = {
  ranges: (served) => [{ prefix: served.prefix }],
  watchRange: (served) => ({ prefix: served.prefix }),
  objectFilter: () => undefined,
  watchFilter: (served, namespace) =>
    namespace === '' || !served.definition.namespaced ? undefined : (object) => object.metadata.namespace === namespace,
};

/** All clusters of the shard: read-only. */
export function allClustersView(core: Core, access: Access): View {
  const { base } = core.catalog;
  return viewOf('*', {
    impersonationCluster: '*',
    storage: storageOfAll,
    api: {
      surface: base,
      find(api, partialMetadata) {
        if (api.identity !== undefined) return withIdentity(core, api, api.identity);
        const served = base.find(api.group, api.version, api.resource);
        return served ?? (partialMetadata ? anyIdentity(core, api) : undefined);
      },
    },
    authorizer: {
      authorize(user, info) {
        const refused = access.refusal(user, '*', info);
        if (refused !== undefined || info.kind !== 'resource') return refused;
        return info.verb === 'list' || info.verb === 'watch' ? undefined : StatusError.methodNotAllowed(otherMethods);
      },
    },
  });
}

/** A request that names no cluster reaches none. */
export function noClusterView(core: Core, access: Access): View {
  return viewOf('*', {
    impersonationCluster: '',
    storage: storageOfAll,
    api: { surface: core.catalog.base, find: () => undefined },
    authorizer: { authorize: (user, info) => access.refusal(user, '', info) },
  });
}
