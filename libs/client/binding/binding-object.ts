/** What the plugins read and write of an APIBinding in apis.kcp.io/v1alpha2. */
import type { Condition } from '@kcp-ts/api';

export interface Claim {
  readonly group?: string;
  readonly resource: string;
  readonly identityHash?: string;
  readonly verbs?: readonly string[];
}

export interface DecidedClaim extends Claim {
  readonly selector: { readonly matchAll?: boolean };
  readonly state: 'Accepted' | 'Rejected';
}

export interface ApiBinding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly reference?: { readonly export?: { readonly path?: string; readonly name: string } };
    readonly permissionClaims?: readonly DecidedClaim[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly exportPermissionClaims?: readonly Claim[];
  };
}

export const bindingsPath = '/apis/apis.kcp.io/v1alpha2/apibindings';

/** `configmaps`, or `things.somegroup.io`. */
export function claimText(claim: Claim): string {
  return claim.group === undefined || claim.group === '' ? claim.resource : `${claim.resource}.${claim.group}`;
}

export function sameClaim(a: Claim, b: Claim): boolean {
  return (
    (a.group ?? '') === (b.group ?? '') &&
    a.resource === b.resource &&
    (a.identityHash ?? '') === (b.identityHash ?? '')
  );
}
