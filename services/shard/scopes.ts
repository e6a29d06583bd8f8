/** Scopes of ordinary requests: one logical cluster, or all clusters of the shard at once. */

import type { ClusterName, UserInfo } from '@kcp-ts/api';
import { parseIdentityHash, StatusError } from '@kcp-ts/api';
import type { ApiPath, Scope } from '@kcp-ts/apiserver';
import type { Turns } from '@kcp-ts/base';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { Range } from '@kcp-ts/storage';
import { resourcesOfIdentity } from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

const inactivePaths = ['/openapi', '/apis/core.kcp.io/v1alpha1/logicalclusters'];

/** An inactive cluster answers nobody but who may wake it. */
function checkActive(core: Core, cluster: ClusterName, target: ApiPath | string): void {
  if (core.clusters.facts(cluster)?.inactive !== true) return;
  const path = typeof target === 'string' ? target : `/apis/${target.group}/${target.version}/${target.resource}`;
  if (inactivePaths.some((open) => path.startsWith(open))) return;
  throw new StatusError('Forbidden', 'logical cluster is marked inactive', {});
}

/** A class because there is one for each request: methods on a prototype cost nothing. */
class ClusterScope implements Scope {
  readonly cluster: ClusterName;
  readonly #core: Core;
  readonly #access: Access;

  constructor(core: Core, access: Access, cluster: ClusterName) {
    this.#core = core;
    this.#access = access;
    this.cluster = cluster;
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

  prepare(api: ApiPath | undefined, turns: Turns): Promise<void> | undefined {
    const { rbac } = this.#access;
    const namespace = api?.namespace ?? '';
    const surface = this.#core.catalog.prepare(this.cluster, turns);
    return surface === undefined
      ? rbac.prepare(this.cluster, namespace, turns)
      : surface.then(() => rbac.prepare(this.cluster, namespace, turns));
  }

  authorize(user: UserInfo, api: ApiPath, verb: string): void {
    checkActive(this.#core, this.cluster, api);
    this.#access.authorizeApi(user, this.cluster, api, verb);
  }

  authorizePath(user: UserInfo, path: string, verb: string): void {
    checkActive(this.#core, this.cluster, path);
    this.#access.authorizePath(user, this.cluster, path, verb);
  }
}

export function clusterScope(core: Core, access: Access, cluster: ClusterName): Scope {
  return new ClusterScope(core, access, cluster);
}

function rangePrefix(served: ServedResource, cluster: string, namespace: string): string {
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

export function wildcardScope(core: Core, access: Access): Scope {
  const { base } = core.catalog;
  return {
    cluster: '*',
    surface: base,
    find(api, partialMetadata) {
      if (api.identity !== undefined) return withIdentity(core, api, api.identity);
      return base.find(api.group, api.version, api.resource) ?? (partialMetadata ? anyIdentity(core, api) : undefined);
    },
    ranges: (served) => [{ prefix: served.prefix }],
    watchRange: (served) => ({ prefix: served.prefix }),
    objectFilter: () => undefined,
    watchFilter: (served, namespace) =>
      namespace === '' || !served.definition.namespaced
        ? undefined
        : (object) => object.metadata.namespace === namespace,
    authorize(user, api, verb) {
      access.authorizeApi(user, '*', api, verb);
      if (verb !== 'list' && verb !== 'watch')
        throw StatusError.methodNotAllowed(
          'the server does not allow this method on the requested resource in the `*` logical cluster',
        );
    },
    authorizePath: (user, path, verb) => access.authorizePath(user, '*', path, verb),
  };
}

/** A request that names no cluster reaches none. */
export function noClusterScope(core: Core, access: Access): Scope {
  return {
    ...wildcardScope(core, access),
    find: () => undefined,
    authorize: (user, api, verb) => access.authorizeApi(user, '', api, verb),
    authorizePath: (user, path, verb) => access.authorizePath(user, '', path, verb),
  };
}
