/**
 * APIBindings between v1alpha1, its drafts and v1alpha2. What one version cannot say is kept in
 * annotations, so that nothing is lost on the way.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { Conversion } from '@kcp-ts/registry';
import { claimFinder, originalClaimsAnnotation } from '@kcp-ts/sharing';
import { readList, setList, takeList } from '../annotation-lists.ts';
import type { Find, Implied, LegacyClaim, ModernClaim } from '../claim-conversion.ts';
import { explicitClaims, legacyClaim, modernClaim, modernGrant, originalClaims } from '../claim-conversion.ts';

interface Reference {
  export?: { path?: string; name?: string };
  /** As drafts had it; written, never read back. */
  workspace?: { path?: string; exportName?: string };
}

interface Spec<Claim> {
  reference?: Reference;
  permissionClaims?: Claim[];
  [field: string]: unknown;
}

interface Status<Claim> {
  exportPermissionClaims?: Claim[];
  appliedPermissionClaims?: Claim[];
  [field: string]: unknown;
}

/** A list of claims, and the two annotations that hold what the other version cannot say of it. */
interface ClaimList {
  readonly modern: string;
  readonly original: string;
  readonly implied: Implied;
  readonly convert: (claim: LegacyClaim, kept: Find<ModernClaim>) => ModernClaim;
}

const prefix = 'apis.v1alpha2.kcp.io/';

const granted: ClaimList = {
  modern: `${prefix}acceptable-permission-claims`,
  original: originalClaimsAnnotation,
  implied: { all: true },
  convert: modernGrant,
};

const applied: ClaimList = {
  modern: `${prefix}status-applied-permission-claims`,
  original: `${prefix}v1alpha1-status-applied-permission-claims`,
  implied: { all: true },
  convert: modernGrant,
};

const exported: ClaimList = {
  modern: `${prefix}status-export-permission-claims`,
  original: `${prefix}v1alpha1-status-export-permission-claims`,
  implied: {},
  convert: modernClaim,
};

function toModern(
  object: KubeObject,
  claims: readonly LegacyClaim[] | undefined,
  list: ClaimList,
): ModernClaim[] | undefined {
  const kept = claimFinder(takeList<ModernClaim>(object, list.modern, 'permission claims'));
  setList(object, list.original, originalClaims(claims, list.implied));
  return claims?.map((claim) => list.convert(claim, kept));
}

/** `inherited`: originals of the list that this one repeats. */
function toLegacy(
  object: KubeObject,
  claims: readonly ModernClaim[] | undefined,
  list: ClaimList,
  inherited: readonly LegacyClaim[] = [],
): LegacyClaim[] | undefined {
  const originals = claimFinder([...readList<LegacyClaim>(object, list.original), ...inherited]);
  setList(object, list.original, []);
  setList(object, list.modern, explicitClaims(claims ?? []));
  return claims?.map((claim) => legacyClaim(claim, originals, list.implied));
}

function modernReference(reference: Reference): Reference {
  const { workspace, ...rest } = reference;
  if (workspace === undefined) return reference;
  const { path, exportName } = workspace;
  const named = { ...(path === undefined ? {} : { path }), ...(exportName === undefined ? {} : { name: exportName }) };
  return { ...rest, export: rest.export ?? named };
}

function statusToModern(object: KubeObject): void {
  if (object['status'] === undefined) {
    for (const { modern, original } of [applied, exported]) {
      setList(object, modern, []);
      setList(object, original, []);
    }
    return;
  }
  const { exportPermissionClaims, appliedPermissionClaims, ...status } = object['status'] as Status<LegacyClaim>;
  const asked = toModern(object, exportPermissionClaims, exported);
  const inForce = toModern(object, appliedPermissionClaims, applied);
  object['status'] = {
    ...status,
    ...(asked === undefined ? {} : { exportPermissionClaims: asked }),
    ...(inForce === undefined ? {} : { appliedPermissionClaims: inForce }),
  };
}

function statusToLegacy(object: KubeObject, grantedOriginals: readonly LegacyClaim[]): void {
  if (object['status'] === undefined) return;
  const { exportPermissionClaims, appliedPermissionClaims, ...status } = object['status'] as Status<ModernClaim>;
  const asked = toLegacy(object, exportPermissionClaims, exported);
  const inForce = toLegacy(object, appliedPermissionClaims, applied, grantedOriginals);
  object['status'] = {
    ...status,
    ...(asked === undefined ? {} : { exportPermissionClaims: asked }),
    ...(inForce === undefined ? {} : { appliedPermissionClaims: inForce }),
  };
}

/** `legacyVersion`: the API version that clients of the older form speak. */
export function apiBindingConversion(legacyVersion: string): Conversion {
  return {
    addsFields: true,
    toStorage(object: KubeObject) {
      const { permissionClaims, reference, ...spec } = (object['spec'] ?? {}) as Spec<LegacyClaim>;
      const claims = toModern(object, permissionClaims, granted)?.map((claim, i) => ({
        ...claim,
        state: permissionClaims?.[i]?.state ?? 'Accepted',
      }));
      object['spec'] = {
        ...spec,
        ...(claims === undefined ? {} : { permissionClaims: claims }),
        ...(reference === undefined ? {} : { reference: modernReference(reference) }),
      };
      statusToModern(object);
      object.apiVersion = 'apis.kcp.io/v1alpha2';
      return object;
    },
    fromStorage(object: KubeObject) {
      const { permissionClaims, ...spec } = (object['spec'] ?? {}) as Spec<ModernClaim>;
      const originals = readList<LegacyClaim>(object, granted.original);
      const claims = toLegacy(object, permissionClaims, granted)?.map((claim, i) => ({
        ...claim,
        state: permissionClaims?.[i]?.state ?? 'Accepted',
      }));
      object['spec'] = { ...spec, ...(claims === undefined ? {} : { permissionClaims: claims }) };
      statusToLegacy(object, originals);
      object.apiVersion = legacyVersion;
      return object;
    },
  };
}
