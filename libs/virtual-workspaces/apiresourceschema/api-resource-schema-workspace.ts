/**
 * `/services/apiresourceschema/<cluster>[/clusters/<cluster or *>]/…`: the schemas of everything
 * that a workspace has bound, from any provider, read-only. Whoever may read the workspace's
 * APIBindings may read them. (kcp facts, 5.4)
 */
import type { ClusterName, KubeObject, RequestInfo, UserInfo } from '@kcp-ts/api';
import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { SpecialHandler, StorageView, View } from '@kcp-ts/apiserver';
import { decodeSegment } from '@kcp-ts/http';
import type { ApiSurface } from '@kcp-ts/registry';
import type { VirtualWorkspace } from '../framework.ts';

export interface ApiResourceSchemaDependencies {
  /** The logical cluster that a path names; undefined where it names none that is known. */
  resolve(path: string): ClusterName | undefined;
  /** The APIResourceSchemas that a workspace has bound, as they were when it bound them. */
  boundSchemas(cluster: ClusterName): readonly KubeObject[];
  /** Whether a user may `get` APIBindings in a workspace, without being let into it. */
  mayReadBindings(user: UserInfo, cluster: ClusterName): boolean;
  /** Kubernetes' text for a request that is forbidden. */
  forbidden(user: UserInfo, cluster: ClusterName | '', info: RequestInfo): StatusError;
  /**
   * APIResourceSchemas alone, which are not stored under the workspace (`virtual`) and can only be
   * read.
   */
  readonly surface: ApiSurface;
}

export const boundSchemaVerbs = ['get', 'list', 'watch'] as const;

const resource = { group: 'apis.kcp.io', plural: 'apiresourceschemas' };
const readOnly = 'only read-only access is allowed to apiresourceschemas';

/** Nothing of it is stored as such: a handler answers. */
const nothingStored: StorageView = {
  ranges: () => [],
  watchRange: () => ({ prefix: '' }),
  objectFilter: () => undefined,
};

function isRead(info: RequestInfo): boolean {
  return info.kind === 'non-resource' || boundSchemaVerbs.some((verb) => verb === info.verb);
}

function refusal(deps: ApiResourceSchemaDependencies, cluster: ClusterName, user: UserInfo, info: RequestInfo) {
  if (!isRead(info)) {
    const { message, details } = deps.forbidden(user, cluster, info);
    return new StatusError('Forbidden', `${message}: ${readOnly}`, details);
  }
  return deps.mayReadBindings(user, cluster) ? undefined : deps.forbidden(user, cluster, info);
}

function viewOf(deps: ApiResourceSchemaDependencies, cluster: ClusterName): View {
  const { surface } = deps;
  return {
    cluster,
    impersonationCluster: cluster,
    storageFor: () => nothingStored,
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

function createHandler({ boundSchemas }: ApiResourceSchemaDependencies): SpecialHandler {
  return {
    name: `${resource.plural}.${resource.group}`,
    async handle({ cluster, served, objectName }) {
      const schemas = cluster === '*' ? [] : boundSchemas(cluster);
      if (objectName !== '') {
        const found = schemas.find(({ metadata }) => metadata.name === objectName);
        if (found === undefined) throw StatusError.notFound(resource, objectName);
        return { status: 200, object: found };
      }
      const items = [...schemas].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      const { listKind: kind } = served.definition;
      return {
        status: 200,
        object: { apiVersion: served.apiVersion, kind, metadata: { resourceVersion: '1' }, items },
      };
    },
  };
}

export function createApiResourceSchemaWorkspace(deps: ApiResourceSchemaDependencies): VirtualWorkspace {
  const resolve = (text: string) => (isWorkspacePath(text) ? deps.resolve(text) : undefined);
  return {
    name: 'apiresourceschema',
    special: [createHandler(deps)],
    locate(path, request) {
      const [owner = '', ...behind] = path.split('/');
      const cluster = resolve(decodeSegment(owner));
      const info = { kind: 'non-resource', path: request.path, verb: request.method.toLowerCase() } as const;
      if (cluster === undefined) return { kind: 'refused', refusal: (user) => deps.forbidden(user, '', info) };
      const rest = restOf(behind, (text) => resolve(text) === cluster);
      return rest === undefined ? undefined : { kind: 'view', view: viewOf(deps, cluster), rest };
    },
  };
}
