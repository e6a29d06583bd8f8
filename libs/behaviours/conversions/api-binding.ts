/** APIBindings between v1alpha1 and v1alpha2, the older forms of the group apis.kcp.dev included. (kcp facts 1.9) */
import type { KubeObject } from '@kcp-ts/meta';
import type { Conversion } from '@kcp-ts/registry';
import type { AppliedClaim, BindingClaim, ExportClaim } from '@kcp-ts/sharing';
import { originalClaimsAnnotation } from '@kcp-ts/sharing';
import type { LegacyClaim } from './claims.ts';
import { explicitClaims, isExplicit, keepOriginal, legacyClaim, modernBindingClaim, parseAnnotation, setAnnotation } from './claims.ts';

const claimsAnnotation = 'apis.v1alpha2.kcp.io/acceptable-permission-claims';
const exportedAnnotation = 'apis.v1alpha2.kcp.io/status-export-permission-claims';
const appliedAnnotation = 'apis.v1alpha2.kcp.io/status-applied-permission-claims';

interface Reference {
  export?: { path?: string; name?: string };
  /** As drafts of kcp had it. */
  workspace?: { path?: string; exportName?: string };
}

interface Spec {
  reference?: Reference;
  permissionClaims?: LegacyClaim[];
  [field: string]: unknown;
}

interface ModernStatus {
  exportPermissionClaims?: ExportClaim[];
  appliedPermissionClaims?: AppliedClaim[];
  [field: string]: unknown;
}

function modernReference(reference: Reference | undefined): Reference | undefined {
  const { workspace, ...rest } = reference ?? {};
  if (workspace === undefined) return reference;
  const { path, exportName } = workspace;
  return { ...rest, export: rest.export ?? { ...(path === undefined ? {} : { path }), ...(exportName === undefined ? {} : { name: exportName }) } };
}

export function apiBindingConversion(legacyVersion: string): Conversion {
  return {
    toStorage(object: KubeObject) {
      const { permissionClaims, reference, ...spec } = (object['spec'] ?? {}) as Spec;
      const explicit = parseAnnotation<BindingClaim[]>(object, claimsAnnotation) ?? [];
      const modern = modernReference(reference);
      object.apiVersion = 'apis.kcp.io/v1alpha2';
      object['spec'] = {
        ...spec,
        ...(permissionClaims === undefined ? {} : { permissionClaims: permissionClaims.map((claim) => modernBindingClaim(claim, explicit)) }),
        ...(modern === undefined ? {} : { reference: modern }),
      };
      restoreStatus(object);
      for (const key of [claimsAnnotation, exportedAnnotation, appliedAnnotation]) setAnnotation(object, key, undefined);
      keepOriginal(object, permissionClaims);
      return object;
    },
    fromStorage(object: KubeObject) {
      const { permissionClaims, ...spec } = (object['spec'] ?? {}) as Omit<Spec, 'permissionClaims'> & { permissionClaims?: BindingClaim[] };
      const originals = parseAnnotation<LegacyClaim[]>(object, originalClaimsAnnotation) ?? [];
      object.apiVersion = legacyVersion;
      object['spec'] = {
        ...spec,
        ...(permissionClaims === undefined ? {} : { permissionClaims: permissionClaims.map((claim) => ({ ...legacyClaim(claim, originals), state: claim.state })) }),
      };
      setAnnotation(object, claimsAnnotation, explicitClaims((permissionClaims ?? []).filter(isExplicit)));
      legacyStatus(object, originals);
      setAnnotation(object, originalClaimsAnnotation, undefined);
      return object;
    },
  };
}

function legacyStatus(object: KubeObject, originals: readonly LegacyClaim[]): void {
  const { exportPermissionClaims, appliedPermissionClaims, ...status } = (object['status'] ?? {}) as ModernStatus;
  if (object['status'] === undefined) return;
  setAnnotation(object, exportedAnnotation, explicitClaims((exportPermissionClaims ?? []).filter(isExplicit)));
  setAnnotation(object, appliedAnnotation, explicitClaims((appliedPermissionClaims ?? []).filter(isExplicit)));
  object['status'] = {
    ...status,
    ...(exportPermissionClaims === undefined ? {} : { exportPermissionClaims: exportPermissionClaims.map((claim) => legacyClaim(claim, [])) }),
    ...(appliedPermissionClaims === undefined ? {} : { appliedPermissionClaims: appliedPermissionClaims.map((claim) => legacyClaim(claim, originals)) }),
  };
}

/** A status in v1alpha2; only a write of the status itself ever stores it. */
function restoreStatus(object: KubeObject): void {
  const { exportPermissionClaims, appliedPermissionClaims, ...status } = (object['status'] ?? {}) as { exportPermissionClaims?: LegacyClaim[]; appliedPermissionClaims?: LegacyClaim[] };
  if (object['status'] === undefined) return;
  const exported = parseAnnotation<BindingClaim[]>(object, exportedAnnotation) ?? [];
  const applied = parseAnnotation<BindingClaim[]>(object, appliedAnnotation) ?? [];
  const withoutState = ({ state: _s, ...claim }: BindingClaim) => claim;
  const withoutSelector = ({ selector: _l, state: _s, ...claim }: BindingClaim) => claim;
  object['status'] = {
    ...status,
    ...(exportPermissionClaims === undefined ? {} : { exportPermissionClaims: exportPermissionClaims.map((claim) => withoutSelector(modernBindingClaim(claim, exported))) }),
    ...(appliedPermissionClaims === undefined ? {} : { appliedPermissionClaims: appliedPermissionClaims.map((claim) => withoutState(modernBindingClaim(claim, applied))) }),
  };
}
