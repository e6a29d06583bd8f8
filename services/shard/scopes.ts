/** Scopes of ordinary requests: one logical cluster, or all clusters of the shard at once. */
import type { ApiPath, Scope } from '@kcp-ts/apiserver';
import type { ClusterName } from '@kcp-ts/meta';
import { parseIdentityHash, StatusError } from '@kcp-ts/meta';
import type { ServedResource } from '@kcp-ts/registry';
import { resourcesOfIdentity } from '@kcp-ts/virtual';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

const inactivePaths = ['/openapi', '/apis/core.kcp.io/v1alpha1/logicalclusters'];

/** An inactive cluster answers nobody but who may wake it. */
function checkActive(core: Core, cluster: ClusterName, path: string): void {
  if (core.clusters.facts(cluster)?.inactive !== true || inactivePaths.some((open) => path.startsWith(open))) return;
  throw new StatusError('Forbidden', 'logical cluster is marked inactive', {});
}

export function clusterScope(core: Core, access: Access, cluster: ClusterName): Scope {
  return {
    cluster,
    get surface() {
      return core.catalog.surface(cluster);
    },
    find(api) {
      const served = this.surface.find(api.group, api.version, api.resource);
      return api.identity === undefined || served?.identity === api.identity ? served : undefined;
    },
    ranges: (served, namespace) => [{ prefix: rangePrefix(served, cluster, namespace) }],
    watchRange: (served, namespace) => ({ prefix: rangePrefix(served, cluster, namespace) }),
    guard: () => undefined,
    prepare(namespace, turns) {
      const rights = () => access.rbac.prepare(cluster, namespace, turns);
      const surface = core.catalog.prepare(cluster, turns);
      return surface === undefined ? rights() : surface.then(rights);
    },
    authorize(user, api, verb) {
      checkActive(core, cluster, `/apis/${api.group}/${api.version}/${api.resource}`);
      access.authorizeApi(user, cluster, api, verb);
    },
    authorizePath(user, path, verb) {
      checkActive(core, cluster, path);
      access.authorizePath(user, cluster, path, verb);
    },
  };
}

function rangePrefix(served: ServedResource, cluster: string, namespace: string): string {
  return `${served.prefix}${cluster}/${served.row.namespaced && namespace !== '' ? `${namespace}/` : ''}`;
}

/** What an identity's export serves, whoever binds it. */
function withIdentity(core: Core, api: ApiPath, identity: string): ServedResource | undefined {
  const hash = parseIdentityHash(identity);
  if (hash === undefined) return undefined;
  return resourcesOfIdentity(core, hash, api.group, api.resource).find(({ row }) => row.version === api.version);
}

/** Metadata of every object of a group and resource, whatever its schema and identity. */
function anyIdentity(core: Core, api: ApiPath): ServedResource {
  const { base } = core.catalog;
  const like = base.findAny('', 'configmaps');
  if (like === undefined) throw StatusError.pathNotFound();
  const row = {
    ...like.row,
    group: api.group,
    version: api.version,
    plural: api.resource,
    namespaced: false,
    subresources: [],
    selectableFields: [],
  };
  const served = {
    ...like,
    row,
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
    guard: () => undefined,
    watchFilter: (served, namespace) =>
      namespace === '' || !served.row.namespaced ? undefined : (object) => object.metadata.namespace === namespace,
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
