/**
 * Permission claims: what an export asks for, what a binding grants, and what of it applies. A
 * grant applies where both name the same group, resource and identity; its verbs are those that
 * both allow. (kcp facts 4.5.4)
 */
import type { KubeObject } from '@kcp-ts/api';
import { compileLabelSelector, labelSelectorOf } from '@kcp-ts/api';
import type { AppliedClaim, BindingClaim, ClaimKey, ClaimSelector, ExportClaim } from './types.ts';

/**
 * Claims are the same by group, resource and identity, whatever of these is left out where it is
 * empty.
 */
function keyOf({ group, resource, identityHash }: ClaimKey): string {
  return JSON.stringify([group ?? '', resource, identityHash ?? '']);
}

/**
 * Finds the first of the claims that is the same as another; that costs the same however many there
 * are.
 */
export function claimFinder<Claim extends ClaimKey>(claims: readonly Claim[]): (claim: ClaimKey) => Claim | undefined {
  const byKey = new Map<string, Claim>();
  for (const claim of claims) {
    const key = keyOf(claim);
    if (!byKey.has(key)) byKey.set(key, claim);
  }
  return (claim) => byKey.get(keyOf(claim));
}

export function allowsVerb(verbs: readonly string[], verb: string): boolean {
  return verbs.includes('*') || verbs.includes(verb);
}

/** What a binding grants of what its export asks for. */
export function appliedClaims(exported: readonly ExportClaim[], granted: readonly BindingClaim[]): AppliedClaim[] {
  const askedFor = claimFinder(exported);
  return granted
    .filter((claim) => claim.state === 'Accepted' && askedFor(claim) !== undefined)
    .map(({ state: _state, ...claim }) => claim);
}

/** A function that says whether a claim's selector is about an object; it looks at labels alone. */
export function compileClaimSelector(selector: ClaimSelector): (object: KubeObject) => boolean {
  if (selector.matchAll === true) return () => true;
  const matches = compileLabelSelector(labelSelectorOf(selector));
  return (object) => matches(object.metadata.labels);
}

/** `configmaps.`, as conditions name a claim. */
function describeClaim(claim: ClaimKey): string {
  return `${claim.resource}.${claim.group ?? ''}`;
}

const shownMax = 10;

function listed(items: readonly string[]): string {
  return items.slice(0, shownMax).join(', ');
}

export interface ClaimsProblem {
  readonly reason: 'InvalidPermissionClaims' | 'PermissionClaimsMismatch';
  readonly severity: 'Error' | 'Warning';
  readonly message: string;
}

function goList(values: readonly string[]): string {
  return `[${values.join(' ')}]`;
}

function sameVerbs(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((verb) => b.includes(verb));
}

/** What is wrong with a binding's claims, for its condition PermissionClaimsValid. */
export function claimsProblem(
  exported: readonly ExportClaim[],
  granted: readonly BindingClaim[],
): ClaimsProblem | undefined {
  const askedFor = claimFinder(exported);
  const accepted = granted.filter((claim) => claim.state === 'Accepted');
  const unexpected = accepted
    .filter((claim) => askedFor(claim) === undefined)
    .map(
      (claim) =>
        `unexpected/invalid claim for ${describeClaim(claim)} (identity ${JSON.stringify(claim.identityHash ?? '')})`,
    );
  if (unexpected.length > 0) {
    const shown = Math.min(unexpected.length, shownMax);
    const message = `${unexpected.length} unexpected and/or invalid permission claims (showing first ${shown}): ${listed(unexpected)}`;
    return { reason: 'InvalidPermissionClaims', severity: 'Error', message };
  }
  const mismatched = accepted.flatMap((claim) => {
    const asked = askedFor(claim);
    if (asked === undefined || sameVerbs(asked.verbs, claim.verbs)) return [];
    return [`${describeClaim(claim)} (verbs: accepted ${goList(claim.verbs)}, exported ${goList(asked.verbs)})`];
  });
  if (mismatched.length === 0) return undefined;
  const shown = Math.min(mismatched.length, shownMax);
  const message = `${mismatched.length} permission claim(s) have mismatched verbs or selectors (showing first ${shown}): ${listed(mismatched)}`;
  return { reason: 'PermissionClaimsMismatch', severity: 'Warning', message };
}
