import { parseIdentityHash } from '@kcp-ts/api';
import type { ParsedReader } from '@kcp-ts/storage';
import type { ExportIndex } from './export-index.ts';
import { clusterOfKey, exportsPrefix } from './keys.ts';
import type { ApiExport } from './types.ts';

export interface PolicyOwnersDependencies {
  readonly exports: Pick<ExportIndex, 'withIdentity'>;
  readonly reader: Pick<ParsedReader, 'get'>;
}

/**
 * Clusters with an export that brings a resource under an identity and limits what consumers may
 * do.
 */
export function policyOwners(
  { exports, reader }: PolicyOwnersDependencies,
  identity: string,
  group: string,
  plural: string,
): readonly string[] {
  const hash = parseIdentityHash(identity);
  if (hash === undefined) return [];
  return [...exports.withIdentity(hash)].flatMap((key) => {
    const { resources = [], maximalPermissionPolicy } = reader.get<ApiExport>(key)?.spec ?? {};
    const brings = resources.some((resource) => resource.group === group && resource.name === plural);
    return brings && maximalPermissionPolicy?.local !== undefined ? [clusterOfKey(key, exportsPrefix)] : [];
  });
}
