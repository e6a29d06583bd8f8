/**
 * Puts the labels on objects by which the claims that their workspace has accepted find them (kcp's
 * MutatingPermissionClaims).
 */
import type { ClaimTables } from '@kcp-ts/sharing';
import { bindingsPrefix } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import type { AdmissionPlugin } from '../plugin.ts';

export interface PermissionClaimsDependencies {
  readonly store: Pick<Store, 'unchanged'>;
  readonly claims: Pick<ClaimTables, 'label'>;
}

export function createPermissionClaims({ store, claims }: PermissionClaimsDependencies): AdmissionPlugin {
  return {
    name: 'MutatingPermissionClaims',
    operations: ['CREATE', 'UPDATE'],
    settle({ served, cluster, object }) {
      if (object === undefined) return [];
      const { group, plural } = served.definition;
      // Which claims apply is what the bindings of the workspace say.
      const bindings = store.unchanged({ prefix: `${bindingsPrefix}${cluster}/` });
      claims.label(cluster, { group, plural, identity: served.identity }, object);
      return [bindings];
    },
  };
}
