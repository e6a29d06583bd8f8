import type { ClusterName } from '@kcp-ts/api';
import type { BoundExport } from '@kcp-ts/authz';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey, isLimited } from '@kcp-ts/sharing';
import type { ParsedReader } from '@kcp-ts/storage';
import type { Catalog } from './catalog.ts';

export interface BoundExportDependencies {
  readonly catalog: Pick<Catalog, 'surface'>;
  readonly reader: Pick<ParsedReader, 'get'>;
}

/** The export that a resource of a cluster is bound from; undefined for what is not bound. */
export function boundExportOf(
  { catalog, reader }: BoundExportDependencies,
  cluster: ClusterName,
  group: string,
  resource: string,
): BoundExport | undefined {
  const origin = catalog.surface(cluster).findAny(group, resource)?.origin;
  if (origin?.kind !== 'bound') return undefined;
  const { exportCluster, exportName } = origin;
  const source = reader.get<ApiExport>(exportKey(exportCluster, exportName));
  const limited = source === undefined ? origin.limited : isLimited(source);
  return { exportCluster, exportName, maximalPermissionPolicy: limited };
}
