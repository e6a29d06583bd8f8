/**
 * `/services/apiexport/<cluster>/<export>/clusters/<cluster or *>/…`: what a provider sees of the
 * workspaces that bind its export.
 */
import type { ClusterName, RequestInfo, StatusError, UserInfo, WorkspacePath } from '@kcp-ts/api';
import { isWorkspacePath } from '@kcp-ts/api';
import type { ReceivedRequest, Target } from '@kcp-ts/apiserver';
import { splitCluster } from '@kcp-ts/apiserver';
import type { Access } from '@kcp-ts/authz';
import type { Catalog } from '@kcp-ts/catalog';
import { decodeSegment } from '@kcp-ts/http';
import type { ApiSurface } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';
import type { VirtualWorkspace } from '../framework.ts';
import type { ExportViewDependencies } from './api-export-view.ts';
import { createExportView } from './api-export-view.ts';
import type { ExportSurfaces } from './export-surfaces.ts';

export interface ApiExportWorkspaceDependencies
  extends Pick<ExportViewDependencies, 'claims' | 'consumers' | 'wasBound'> {
  readonly access: Pick<Access, 'forbidden' | 'mayDeep' | 'ownerAllows' | 'policyClusters' | 'prepareClusters'>;
  /** The logical cluster that a path names; undefined where it names none that is known. */
  locate(path: WorkspacePath): ClusterName | undefined;
  readonly reader: ParsedReader;
  readonly surfaces: ExportSurfaces;
  readonly catalog: Pick<Catalog, 'intern'>;
}

const content = { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'content' };

function viewDependencies({ access, ...deps }: ApiExportWorkspaceDependencies): ExportViewDependencies {
  const { forbidden, mayDeep, ownerAllows, policyClusters, prepareClusters } = access;
  return {
    ...deps,
    forbidden,
    ownerAllows,
    mayAccessContent: (user, verb, cluster, name) => mayDeep(user, cluster, verb, { ...content, name }),
    prepareAccess: (exportCluster, claimed, turns) =>
      prepareClusters([exportCluster, ...(claimed === undefined ? [] : policyClusters(claimed))], turns),
  };
}

function pathOf(request: ReceivedRequest): RequestInfo {
  return { kind: 'non-resource', path: request.path, verb: request.method.toLowerCase() };
}

export function createApiExportWorkspace(deps: ApiExportWorkspaceDependencies): VirtualWorkspace {
  const { access, reader, surfaces } = deps;
  const viewDeps = viewDependencies(deps);
  // What an export that does not exist serves.
  const emptySurface: ApiSurface = deps.catalog.intern('export none', () => []);

  function resolve(text: string): ClusterName | undefined {
    return isWorkspacePath(text) ? deps.locate(text) : undefined;
  }

  return {
    locate(path, request): Target | undefined {
      const [owner = '', name = '', ...behind] = path.split('/');
      const split = splitCluster(`/${behind.join('/')}`);
      if (owner === '' || name === '' || split === undefined) return undefined;
      const exportCluster = resolve(decodeSegment(owner));
      const exportName = decodeSegment(name);
      if (exportCluster === undefined)
        return {
          kind: 'refused',
          refusal: (user: UserInfo): StatusError => access.forbidden(user, '', pathOf(request)),
        };
      const source = reader.get<ApiExport>(exportKey(exportCluster, exportName));
      // An unknown consumer is one that has not bound the export.
      const cluster = split.cluster === '*' ? '*' : (resolve(split.cluster) ?? ('unknown' as ClusterName));
      const none = { surface: emptySurface, groundsOf: () => undefined };
      const view = createExportView(viewDeps, {
        exportCluster,
        exportName,
        source,
        cluster,
        exported: (turns) => (source === undefined ? none : surfaces.of(exportCluster, source, turns)),
      });
      return { kind: 'view', view, rest: split.rest };
    },
  };
}
