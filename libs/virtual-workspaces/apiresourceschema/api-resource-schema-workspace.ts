/**
 * `/services/apiresourceschema/<cluster>[/clusters/<cluster or *>]/…`: the schemas of everything
 * that a workspace has bound, from any provider, read-only. Users who may read the workspace's
 * APIBindings may read them. (kcp facts, 5.4)
 */
import type { ClusterName, RequestInfo, UserInfo, WorkspacePath } from '@kcp-ts/api';
import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { StorageView, View } from '@kcp-ts/apiserver';
import type { Access } from '@kcp-ts/authz';
import type { Catalog } from '@kcp-ts/catalog';
import { decodeSegment } from '@kcp-ts/http';
import type { ApiSurface } from '@kcp-ts/registry';
import type { ParsedReader, Store } from '@kcp-ts/storage';
import type { VirtualWorkspace } from '../framework.ts';
import { boundSchemaKeysOf, boundSchemasSurface, boundSchemaVerbs } from './bound-schemas.ts';

export interface ApiResourceSchemaDependencies {
  readonly store: Pick<Store, 'scan'>;
  readonly reader: ParsedReader;
  readonly catalog: Pick<Catalog, 'base' | 'intern'>;
  readonly access: Pick<Access, 'mayDeep' | 'forbidden'>;
  /** The logical cluster that a path names, whether there is such a cluster or not. */
  locate(path: WorkspacePath): ClusterName | undefined;
  /** Whether this shard has a logical cluster. */
  hasCluster(cluster: ClusterName): boolean;
}

const bindings = { group: 'apis.kcp.io', resource: 'apibindings', name: '' };
const readOnly = 'only read-only access is allowed to apiresourceschemas';

/** What is bound in a workspace, each where its copy is kept. */
function storageOf(deps: Pick<ApiResourceSchemaDependencies, 'store' | 'reader'>, cluster: ClusterName): StorageView {
  return {
    ranges: () => [],
    keys: (_served, _namespace, name) => boundSchemaKeysOf(deps, cluster, name),
    watchRange: () => ({ prefix: '' }),
    objectFilter: () => undefined,
  };
}

function isRead(info: RequestInfo): boolean {
  return info.kind === 'non-resource' || boundSchemaVerbs.some((verb) => verb === info.verb);
}

function refusal(
  { access }: Pick<ApiResourceSchemaDependencies, 'access'>,
  cluster: ClusterName,
  user: UserInfo,
  info: RequestInfo,
) {
  if (!isRead(info)) {
    const { message, details } = access.forbidden(user, cluster, info);
    return new StatusError('Forbidden', `${message}: ${readOnly}`, details);
  }
  const mayRead = access.mayDeep(user, cluster, 'get', bindings);
  return mayRead ? undefined : access.forbidden(user, cluster, info);
}

function viewOf(deps: ApiResourceSchemaDependencies, surface: ApiSurface, cluster: ClusterName): View {
  const storage = storageOf(deps, cluster);
  return {
    cluster,
    impersonationCluster: cluster,
    storageFor: () => storage,
    api: { surface, find: ({ group, version, resource: plural }) => surface.find(group, version, plural) },
    authorizer: { authorize: (user, info) => refusal(deps, cluster, user, info) },
  };
}

/**
 * What stands behind the workspace: `/clusters/<the same or *>` may. Undefined where another one is
 * named.
 */
function restOf(behind: readonly string[], isSame: (text: string) => boolean): string | undefined {
  if (behind[0] !== 'clusters') return `/${behind.join('/')}`;
  const text = decodeSegment(behind[1] ?? '');
  return text === '*' || isSame(text) ? `/${behind.slice(2).join('/')}` : undefined;
}

export function createApiResourceSchemaWorkspace(deps: ApiResourceSchemaDependencies): VirtualWorkspace {
  const surface = boundSchemasSurface(deps.catalog);
  const resolve = (text: string) => {
    const cluster = isWorkspacePath(text) ? deps.locate(text) : undefined;
    return cluster !== undefined && deps.hasCluster(cluster) ? cluster : undefined;
  };
  return {
    locate(path, request) {
      const [owner = '', ...behind] = path.split('/');
      const cluster = resolve(decodeSegment(owner));
      const info = { kind: 'non-resource', path: request.path, verb: request.method.toLowerCase() } as const;
      if (cluster === undefined) return { kind: 'refused', refusal: (user) => deps.access.forbidden(user, '', info) };
      const rest = restOf(behind, (text) => resolve(text) === cluster);
      return rest === undefined ? undefined : { kind: 'view', view: viewOf(deps, surface, cluster), rest };
    },
  };
}
