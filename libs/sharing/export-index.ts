/**
 * Which exports share which identity: small, in memory, fed by the commits, since exports are few.
 */
import type { IdentityHash } from '@kcp-ts/api';
import type { Entry } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { identityOf } from './export-identity.ts';
import { exportsPrefix } from './keys.ts';
import type { ApiExport } from './types.ts';

export interface ExportIndex {
  /** Keys of the exports with an identity. */
  withIdentity(identityHash: IdentityHash): ReadonlySet<string>;
  put(entry: Pick<Entry, 'key' | 'value'>): void;
  remove(key: string): void;
}

const none: ReadonlySet<string> = new Set();

export function createExportIndex(): ExportIndex {
  const byIdentity = new Map<IdentityHash, Set<string>>();
  const identities = new Map<string, IdentityHash>();
  function remove(key: string): void {
    const identity = identities.get(key);
    if (identity === undefined) return;
    identities.delete(key);
    const keys = byIdentity.get(identity);
    if (keys?.delete(key) === true && keys.size === 0) byIdentity.delete(identity);
  }
  return {
    withIdentity: (hash) => byIdentity.get(hash) ?? none,
    remove,
    put({ key, value }) {
      if (!key.startsWith(exportsPrefix)) return;
      const identity = identityOf(parseStored<ApiExport>(value));
      if (identity === identities.get(key)) return;
      remove(key);
      if (identity === undefined) return;
      identities.set(key, identity);
      const keys = byIdentity.get(identity) ?? new Set<string>();
      keys.add(key);
      byIdentity.set(identity, keys);
    },
  };
}
