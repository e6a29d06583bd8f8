/** How many claims an APIExport may make and an APIBinding answer. Each is looked at whenever one of the two changes; kcp sets no limit. */
import type { FieldError } from '@kcp-ts/meta';

const claimsMax = 1_000;

/** What is wrong with the number of `spec.permissionClaims`. */
export function claimCountErrors(claims: readonly unknown[] | undefined): FieldError[] {
  const count = claims?.length ?? 0;
  if (count <= claimsMax) return [];
  const message = `Too many: ${count}: must have at most ${claimsMax} items`;
  return [{ kind: 'TooMany', field: 'spec.permissionClaims', message }];
}
