/**
 * `resourceSelector` of apis.kcp.io/v1alpha1 names single objects. v1alpha2 has no field for it, so
 * the conversion keeps the original claims in an annotation; kcp ignores them there, here they
 * grant exactly what they name.
 */
import type { KubeObject } from '@kcp-ts/api';
import { claimFinder } from './claims.ts';
import type { ClaimKey } from './types.ts';

/** Where the conversion keeps claims as v1alpha1 knew them. */
export const originalClaimsAnnotation = 'apis.v1alpha2.kcp.io/v1alpha1-permission-claims';

export interface ResourceSelector {
  readonly namespace?: string;
  readonly name?: string;
}

interface OriginalClaim extends ClaimKey {
  readonly resourceSelector?: readonly ResourceSelector[];
}

/**
 * Reads an APIExport's or APIBinding's claims as v1alpha1 knew them, once: the selectors of a
 * claim, undefined where it is about all objects.
 */
export function resourceSelectorsOf(object: KubeObject): (claim: ClaimKey) => readonly ResourceSelector[] | undefined {
  const text = object.metadata.annotations?.[originalClaimsAnnotation];
  if (text === undefined) return () => undefined;
  const claims = parseClaims(text);
  // What cannot be read grants nothing.
  if (claims === undefined) return () => [];
  const find = claimFinder(claims);
  return (claim) => {
    const selectors = find(claim)?.resourceSelector;
    return selectors === undefined || selectors.length === 0 ? undefined : selectors;
  };
}

function parseClaims(text: string): readonly OriginalClaim[] | undefined {
  try {
    const claims = JSON.parse(text) as unknown;
    return Array.isArray(claims) && claims.every(isClaim) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** Users write the annotation as they like. */
function isClaim(value: unknown): value is OriginalClaim {
  if (typeof value !== 'object' || value === null) return false;
  const { group, resource, identityHash, resourceSelector = [] } = value as Readonly<Record<string, unknown>>;
  if (typeof resource !== 'string' || !isText(group) || !isText(identityHash)) return false;
  return Array.isArray(resourceSelector) && resourceSelector.every(isSelector);
}

function isSelector(value: unknown): value is ResourceSelector {
  if (typeof value !== 'object' || value === null) return false;
  const { name, namespace } = value as Readonly<Record<string, unknown>>;
  return isText(name) && isText(namespace);
}

/**
 * A function that says whether an object is one of those that the selectors name; it costs the same
 * however many they are.
 */
export function compileResourceSelectors(
  selectors: readonly ResourceSelector[] | undefined,
): (object: KubeObject) => boolean {
  if (selectors === undefined) return () => true;
  const named = new Set(selectors.map(({ name, namespace }) => JSON.stringify([namespace ?? 0, name ?? 0])));
  return (object) => {
    const { name, namespace = '' } = object.metadata;
    return [namespace, 0].some((within) => [name, 0].some((called) => named.has(JSON.stringify([within, called]))));
  };
}
