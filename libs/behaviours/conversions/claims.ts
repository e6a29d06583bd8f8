/** Permission claims between the versions: v1alpha1 names all objects or single ones, v1alpha2 verbs and label selectors. */
import type { KubeObject } from '@kcp-ts/meta';
import type { BindingClaim, ClaimKey, ClaimSelector, ExportClaim, ResourceSelector } from '@kcp-ts/sharing';
import { originalClaimsAnnotation, sameClaim } from '@kcp-ts/sharing';

export interface LegacyClaim extends ClaimKey {
  readonly all?: boolean;
  readonly resourceSelector?: readonly ResourceSelector[];
  readonly state?: 'Accepted' | 'Rejected';
}

export function parseAnnotation<T>(object: KubeObject, key: string): T | undefined {
  const text = object.metadata.annotations?.[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** Sets an annotation to the JSON of a value, or takes it off. */
export function setAnnotation(object: KubeObject, key: string, value: unknown): void {
  const annotations = object.metadata.annotations ?? {};
  if (value === undefined) delete annotations[key];
  else annotations[key] = JSON.stringify(value);
  object.metadata.annotations = annotations;
}

function keyOf({ group, resource, identityHash }: ClaimKey): ClaimKey {
  return { ...(group ? { group } : {}), resource, ...(identityHash ? { identityHash } : {}) };
}

/** A claim in v1alpha2: with what an earlier conversion kept of it, else with all verbs. */
export function modernClaim(claim: LegacyClaim, explicit: readonly ExportClaim[]): ExportClaim {
  const kept = explicit.find((candidate) => sameClaim(candidate, claim));
  const { group = '', resource, identityHash = '' } = claim;
  return { ...kept, group, resource, identityHash, verbs: kept?.verbs ?? ['*'] };
}

export function modernBindingClaim(claim: LegacyClaim, explicit: readonly (ExportClaim & { readonly selector?: ClaimSelector })[]): BindingClaim {
  const kept = explicit.find((candidate) => sameClaim(candidate, claim));
  return { ...modernClaim(claim, explicit), selector: kept?.selector ?? { matchAll: true }, state: claim.state ?? 'Accepted' };
}

/** A claim in v1alpha1: as it was written there, else about all objects. */
export function legacyClaim(claim: ClaimKey, originals: readonly LegacyClaim[]): LegacyClaim {
  const original = originals.find((candidate) => sameClaim(candidate, claim));
  const selector = original?.resourceSelector;
  return { ...keyOf(claim), ...(selector === undefined || selector.length === 0 ? { all: true } : { resourceSelector: selector }) };
}

/** Whether a claim says more than v1alpha1 can. */
export function isExplicit(claim: { readonly verbs: readonly string[]; readonly selector?: ClaimSelector; readonly defaultSelector?: ClaimSelector | undefined }): boolean {
  const everyVerb = claim.verbs.length === 1 && claim.verbs[0] === '*';
  return !everyVerb || claim.defaultSelector !== undefined || (claim.selector !== undefined && claim.selector.matchAll !== true);
}

export function explicitClaims<T extends ClaimKey>(claims: readonly T[]): readonly unknown[] | undefined {
  if (claims.length === 0) return undefined;
  return claims.map(({ group: _g, resource: _r, identityHash: _i, ...rest }, i) => ({ ...keyOf(claims[i] as T), ...rest }));
}

/** Claims that name single objects are kept as they were written: they grant exactly those. */
export function keepOriginal(object: KubeObject, claims: readonly LegacyClaim[] | undefined): void {
  const naming = (claims ?? []).filter(({ resourceSelector }) => resourceSelector !== undefined && resourceSelector.length > 0);
  setAnnotation(object, originalClaimsAnnotation, naming.length === 0 ? undefined : naming);
}
