/**
 * Which exports share which identity: small, in memory, fed by the commits, since exports are few.
 */
import type { IdentityHash } from '@kcp-ts/api';
import type { Entry, Store, StoreEvent } from '@kcp-ts/storage';
import { eachBatch, parseStored } from '@kcp-ts/storage';
import { identityOf } from './export-identity.ts';
import { exportsPrefix } from './keys.ts';
import type { ApiExport } from './types.ts';

export interface ExportIndex {
  /** Keys of the exports with an identity. */
  withIdentity(identityHash: IdentityHash): ReadonlySet<string>;
  /** To be told of every change. */
  changed(event: Pick<StoreEvent, 'type' | 'key' | 'value'>): void;
  /** Reads the exports of this shard, and those of `others`; until then it knows none. */
  load(store: Store, others: Pick<Store, 'scan'> | undefined): Promise<void>;
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
  function put({ key, value }: Pick<Entry, 'key' | 'value'>): void {
    const identity = identityOf(parseStored<ApiExport>(value));
    if (identity === identities.get(key)) return;
    remove(key);
    if (identity === undefined) return;
    identities.set(key, identity);
    const keys = byIdentity.get(identity) ?? new Set<string>();
    keys.add(key);
    byIdentity.set(identity, keys);
  }
  return {
    withIdentity: (hash) => byIdentity.get(hash) ?? none,
    changed(event) {
      if (!event.key.startsWith(exportsPrefix)) return;
      if (event.type === 'put') put(event);
      else remove(event.key);
    },
    async load(store, others) {
      for await (const entries of eachBatch(store, { prefix: exportsPrefix })) for (const entry of entries) put(entry);
      for (const entry of others?.scan({ prefix: exportsPrefix }, Number.POSITIVE_INFINITY) ?? []) put(entry);
    },
  };
}
