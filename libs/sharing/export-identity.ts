/** Under which identity an export's APIs are stored and served. */
import type { IdentityHash } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import type { ApiExport } from './types.ts';

/**
 * The proven identity of an export; undefined while there is none. The shard of the export compares
 * `status.identityHash` with the hash of the identity secret whenever either changes and after each
 * start, and says in the condition IdentityValid whether they agree: an identity whose secret is
 * missing or another one serves nothing and cannot be bound. Bindings keep the identity that they
 * were bound with. The exports of root are the installation's own: nobody else writes them, and
 * every workspace depends on them, so they outlive a lost secret. (kcp facts, 4.4)
 */
export function identityOf({ metadata, status }: ApiExport): IdentityHash | undefined {
  const identity = parseIdentityHash(status?.identityHash);
  if (metadata.annotations?.['kcp.io/cluster'] === 'root') return identity;
  const disproved = status?.conditions?.some(({ type, status: is }) => type === 'IdentityValid' && is === 'False');
  return disproved === true ? undefined : identity;
}
