/**
 * Permission claims between the versions: v1alpha1 names all objects or single ones, v1alpha2 verbs
 * and label selectors.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ClaimKey, ClaimSelector, ExportClaim, ResourceSelector } from '@kcp-ts/sharing';

export interface LegacyClaim extends ClaimKey {
  readonly all?: boolean;
  readonly resourceSelector?: readonly ResourceSelector[];
  readonly state?: 'Accepted' | 'Rejected';
}

/** What a claim of v1alpha2 may say, whichever list it stands in. */
export interface ModernClaim extends ExportClaim {
  readonly selector?: ClaimSelector;
  readonly state?: 'Accepted' | 'Rejected';
}

/**
 * Which of them a claim in v1alpha1 states where nothing else is known: bindings grant `all`,
 * exports say nothing.
 */
export type Implied = { readonly all: true } | Record<string, never>;

function keyOf({ group, resource, identityHash }: ClaimKey): ClaimKey {
  return { ...(group ? { group } : {}), resource, ...(identityHash ? { identityHash } : {}) };
}

/** Finds what is known of a claim in the other version. */
export type Find<Claim> = (claim: ClaimKey) => Claim | undefined;

/** A claim in v1alpha2: with what an earlier conversion kept of it, else with all verbs. */
export function modernClaim(claim: LegacyClaim, kept: Find<ModernClaim>): ModernClaim {
  const { verbs = ['*'], defaultSelector, selector } = kept(claim) ?? {};
  const { group = '', resource, identityHash = '' } = claim;
  return {
    group,
    resource,
    identityHash,
    verbs,
    ...(defaultSelector === undefined ? {} : { defaultSelector }),
    ...(selector === undefined ? {} : { selector }),
  };
}

/** As `modernClaim`, for a list in which claims have selectors. */
export function modernGrant(claim: LegacyClaim, kept: Find<ModernClaim>): ModernClaim {
  return { selector: { matchAll: true }, ...modernClaim(claim, kept) };
}

/** A claim in v1alpha1: about the objects that were named there, else what is implied. */
export function legacyClaim(claim: ClaimKey, originals: Find<LegacyClaim>, implied: Implied): LegacyClaim {
  const original = originals(claim);
  if (original === undefined) return { ...keyOf(claim), ...implied };
  const { all, resourceSelector } = original;
  return {
    ...keyOf(claim),
    // The annotation is a user's to write: what fits no field is left out.
    ...(typeof all === 'boolean' ? { all } : {}),
    ...(Array.isArray(resourceSelector) ? { resourceSelector } : {}),
  };
}

/** Claims that say in v1alpha2 more than v1alpha1 can, as the annotations hold them. */
export function explicitClaims(claims: readonly ModernClaim[]): readonly unknown[] {
  return claims.filter(isExplicit).map((claim) => {
    const { group: _g, resource: _r, identityHash: _i, ...rest } = claim;
    return { ...keyOf(claim), ...rest };
  });
}

function isExplicit({ verbs, selector, defaultSelector }: ModernClaim): boolean {
  const everyVerb = verbs.length === 1 && verbs[0] === '*';
  const everyObject = selector === undefined || isDeepStrictEqual(selector, { matchAll: true });
  return !everyVerb || !everyObject || defaultSelector !== undefined;
}

/**
 * Claims of v1alpha1 that v1alpha2 cannot say: those that name single objects (they grant exactly
 * those), or put the implied in other words.
 */
export function originalClaims(claims: readonly LegacyClaim[] | undefined, implied: Implied): readonly LegacyClaim[] {
  return (claims ?? []).flatMap((claim): LegacyClaim[] => {
    const { all, resourceSelector = [] } = claim;
    if (resourceSelector.length > 0)
      return [{ ...keyOf(claim), ...(all === undefined ? {} : { all }), resourceSelector }];
    // Claims that state nothing, and those that deny `all` without naming objects, mean all.
    return all === true && implied['all'] !== true ? [{ ...keyOf(claim), all }] : [];
  });
}
