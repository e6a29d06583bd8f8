import type { ClusterName } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import type { ClaimKey } from '@kcp-ts/sharing';
import { isClaimOn } from '@kcp-ts/sharing';
import type { Catalog } from './catalog.ts';

/** The stored resources of a cluster that a permission claim is on, each once. */
export function claimedResources(
  catalog: Pick<Catalog, 'surface'>,
  cluster: ClusterName,
  claim: ClaimKey,
): readonly ServedResource[] {
  const found = catalog
    .surface(cluster)
    .resources.filter(({ definition, identity }) => isClaimOn(claim, definition.group, definition.plural, identity));
  return [...new Set(found.map(({ storage }) => storage))].filter(({ definition }) => definition.virtual !== true);
}
