/**
 * What an APIExport's virtual workspace serves: the exported resources, the claimed ones, and the
 * bindings to the export.
 */

import type { LogicalClusterName } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import type { Catalog } from '@kcp-ts/catalog';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import type { ApiExport, ClaimKey, ExportClaim } from '@kcp-ts/sharing';
import { isClaimOn } from '@kcp-ts/sharing';
import type { ExportedResourcesDependencies } from './exported-resources.ts';
import { exportedResources, resourcesOfIdentity } from './exported-resources.ts';

export interface ExportSurfaceDependencies extends ExportedResourcesDependencies {
  readonly catalog: Catalog;
}

/**
 * The objects that consumers have granted; of bindings, where they are claimed, also those to this
 * very export, which are read without a grant.
 */
export interface ClaimedGrounds {
  readonly kind: 'claimed';
  readonly claim: ExportClaim;
  readonly ownBindings: boolean;
}

/** Why a virtual workspace serves a resource, and so which objects it shows. */
export type Grounds =
  /** The export's own API: the objects of those who have bound it. */
  | { readonly kind: 'exported' }
  | ClaimedGrounds
  /** The bindings to this very export, read-only. */
  | { readonly kind: 'bindings' };

export interface ExportSurface {
  readonly surface: ApiSurface;
  /**
   * Set for each resource where the surface is made, never derived from a name. Undefined for what
   * the surface does not serve.
   */
  groundsOf(served: ServedResource): Grounds | undefined;
}

const apiBindings: ClaimKey = { group: 'apis.kcp.io', resource: 'apibindings' };
/** Events are the same in both: a claim on them is one on both. */
const eventGroups = ['', 'events.k8s.io'];

/** Every version that a claim without an identity is about. */
function builtinResources({ base }: Catalog, { group = '', resource }: ClaimKey): readonly ServedResource[] {
  const groups = resource === 'events' && eventGroups.includes(group) ? eventGroups : [group];
  return base.resources.filter(({ definition }) => definition.plural === resource && groups.includes(definition.group));
}

function claimedResources(deps: ExportSurfaceDependencies, claim: ExportClaim): readonly ServedResource[] {
  const { group = '', resource, identityHash = '' } = claim;
  if (identityHash === '') return builtinResources(deps.catalog, claim);
  const identity = parseIdentityHash(identityHash);
  return identity === undefined ? [] : resourcesOfIdentity(deps, identity, group, resource);
}

/**
 * Makes the surface of an export, step by step: there may be thousands of resources. `surface` is
 * the same value for as long as the export and what it names do not change.
 */
export function* makeExportSurface(
  deps: ExportSurfaceDependencies,
  cluster: LogicalClusterName,
  source: ApiExport,
): Generator<undefined, ExportSurface> {
  const grounds = new Map<ServedResource, Grounds>();
  const names = new Set<string>();
  const described: string[] = [];
  /**
   * Of two resources with the same path the first is served: what is exported comes before what is
   * claimed.
   */
  function add(resources: readonly ServedResource[], why: Grounds): void {
    for (const served of resources) {
      const { group, version, plural } = served.definition;
      const name = `${group}/${version}/${plural}`;
      if (names.has(name)) continue;
      names.add(name);
      grounds.set(served, why);
      described.push(describe(served));
    }
  }
  for (const resources of exportedResources(deps, cluster, source)) {
    add(resources, { kind: 'exported' });
    yield;
  }
  for (const claim of source.spec?.permissionClaims ?? []) {
    const ownBindings = isClaimOn(claim, 'apis.kcp.io', 'apibindings', '-');
    add(claimedResources(deps, claim), { kind: 'claimed', claim, ownBindings });
    yield;
  }
  add(builtinResources(deps.catalog, apiBindings), { kind: 'bindings' });
  const resources = [...grounds.keys()];
  const key = `export ${cluster} ${source.metadata.name} ${described.join(' ')}`;
  const surface = deps.catalog.intern(key, () => resources);
  yield;
  // An equal surface that was made earlier holds equal resources in the same order.
  const why = [...grounds.values()];
  const ofSurface = new Map(surface.resources.map((served, index) => [served, why[index]]));
  return { surface, groundsOf: (served) => ofSurface.get(served) };
}

function describe({ prefix, fingerprint, origin }: ServedResource): string {
  const from = origin.kind === 'bound' ? `@${origin.exportCluster}/${origin.exportName}` : '';
  return `${prefix}@${fingerprint}${from}`;
}
