/** The views of requests for all clusters of a shard at once, and for none. */

import type { ApiPath } from '@kcp-ts/api';
import { parseIdentityHash, StatusError } from '@kcp-ts/api';
import type { StorageView, View } from '@kcp-ts/apiserver';
import type { Access } from '@kcp-ts/authz';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { ExportedResourcesDependencies } from '../apiexport/exported-resources.ts';
import { resourcesOfIdentity } from '../apiexport/exported-resources.ts';

/** What an identity's export serves, for all who bind it. */
function withIdentity(deps: ExportedResourcesDependencies, api: ApiPath, identity: string): ServedResource | undefined {
  const hash = parseIdentityHash(identity);
  if (hash === undefined) return undefined;
  return resourcesOfIdentity(deps, hash, api.group, api.resource).find(
    ({ definition }) => definition.version === api.version,
  );
}

/** Metadata of every object of a group and resource, whatever its schema and identity. */
function anyIdentity(base: ApiSurface, api: ApiPath): ServedResource {
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

export interface AllClustersViewDependencies {
  /** What is built in. */
  readonly base: ApiSurface;
  readonly access: Pick<Access, 'refusal'>;
  readonly exported: ExportedResourcesDependencies;
}

/** All clusters of the shard: read-only. */
export function allClustersView({ base, access, exported }: AllClustersViewDependencies): View {
  return viewOf('*', {
    impersonationCluster: '*',
    storage: storageOfAll,
    api: {
      surface: base,
      find(api, partialMetadata) {
        if (api.identity !== undefined) return withIdentity(exported, api, api.identity);
        const served = base.find(api.group, api.version, api.resource);
        return served ?? (partialMetadata ? anyIdentity(base, api) : undefined);
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
export function noClusterView({ base, access }: Omit<AllClustersViewDependencies, 'exported'>): View {
  return viewOf('*', {
    impersonationCluster: '',
    storage: storageOfAll,
    api: { surface: base, find: () => undefined },
    authorizer: { authorize: (user, info) => access.refusal(user, '', info) },
  });
}
