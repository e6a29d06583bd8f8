/**
 * `/services/apiexport/<cluster>/<export>/clusters/<cluster or *>/…`: what a provider sees of the
 * workspaces that bind its export.
 */
import type { ClusterName, RequestInfo, StatusError, UserInfo } from '@kcp-ts/api';
import { isWorkspacePath } from '@kcp-ts/api';
import type { ReceivedRequest, Target } from '@kcp-ts/apiserver';
import { splitCluster } from '@kcp-ts/apiserver';
import { decodeSegment } from '@kcp-ts/http';
import type { ApiSurface } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';
import type { VirtualWorkspace } from '../framework.ts';
import type { ExportViewDependencies } from './api-export-view.ts';
import { createExportView } from './api-export-view.ts';
import type { ExportSurfaces } from './export-surfaces.ts';

export interface ApiExportWorkspaceDependencies extends ExportViewDependencies {
  /** The logical cluster that a path names; undefined where it names none that is known. */
  resolve(path: string): ClusterName | undefined;
  readonly reader: ParsedReader;
  readonly surfaces: ExportSurfaces;
  /** What an export that does not exist serves. */
  readonly emptySurface: ApiSurface;
}

function pathOf(request: ReceivedRequest): RequestInfo {
  return { kind: 'non-resource', path: request.path, verb: request.method.toLowerCase() };
}

export function createApiExportWorkspace(deps: ApiExportWorkspaceDependencies): VirtualWorkspace {
  function resolve(text: string): ClusterName | undefined {
    return isWorkspacePath(text) ? deps.resolve(text) : undefined;
  }

  return {
    name: 'apiexport',
    locate(path, request): Target | undefined {
      const [owner = '', name = '', ...behind] = path.split('/');
      const split = splitCluster(`/${behind.join('/')}`);
      if (owner === '' || name === '' || split === undefined) return undefined;
      const exportCluster = resolve(decodeSegment(owner));
      const exportName = decodeSegment(name);
      if (exportCluster === undefined)
        return { kind: 'refused', refusal: (user: UserInfo): StatusError => deps.forbidden(user, '', pathOf(request)) };
      const source = deps.reader.get<ApiExport>(exportKey(exportCluster, exportName));
      // An unknown consumer is one that has not bound the export.
      const cluster = split.cluster === '*' ? '*' : (resolve(split.cluster) ?? ('unknown' as ClusterName));
      const none = { surface: deps.emptySurface, groundsOf: () => undefined };
      const view = createExportView(deps, {
        exportCluster,
        exportName,
        source,
        cluster,
        exported: (turns) => (source === undefined ? none : deps.surfaces.of(exportCluster, source, turns)),
      });
      return { kind: 'view', view, rest: split.rest };
    },
  };
}
