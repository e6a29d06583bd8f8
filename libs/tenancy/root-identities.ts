/**
 * The identities of root's exports as a shard's own store knows them: by the exports themselves
 * where root is, by what other shards keep of them.
 */

import type { IdentityHash, KubeObject } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey, identityOf } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { formatKey, parseStored } from '@kcp-ts/storage';
import type { RootExport } from './root-exports.ts';

/** By the name of the export. */
export type RootIdentities = ReadonlyMap<string, IdentityHash>;

/** Where a shard without root keeps them. (kcp facts, 2.6) */
export const identityCacheKey = formatKey({
  group: '',
  resource: 'configmaps',
  identity: '-',
  cluster: 'system:shard',
  namespace: 'default',
  name: 'apiexport-identity-cache',
});

type Named = Pick<RootExport, 'name'>;

function complete(
  exports: readonly Named[],
  identityNamed: (name: string) => IdentityHash | undefined,
): RootIdentities | undefined {
  const found = exports.map(({ name }) => [name, identityNamed(name)] as const);
  return found.every((one): one is [string, IdentityHash] => one[1] !== undefined) ? new Map(found) : undefined;
}

/** By root's exports themselves; undefined where one of them is not there. */
export function identitiesOfExports(store: Pick<Store, 'get'>, exports: readonly Named[]): RootIdentities | undefined {
  return complete(exports, (name) => {
    const entry = store.get(exportKey('root', name));
    return entry === undefined ? undefined : identityOf(parseStored<ApiExport>(entry.value));
  });
}

/** By what was kept of them; undefined where that is not complete. */
export function keptIdentities(store: Pick<Store, 'get'>, exports: readonly Named[]): RootIdentities | undefined {
  const entry = store.get(identityCacheKey);
  if (entry === undefined) return undefined;
  const { data = {} } = parseStored<KubeObject & { data?: Record<string, string> }>(entry.value);
  return complete(exports, (name) => parseIdentityHash(data[name]));
}

/**
 * Where root is, by the exports themselves; on other shards by what was kept of them. Undefined
 * where neither is complete.
 */
export function rootIdentitiesIn(store: Pick<Store, 'get'>, exports: readonly Named[]): RootIdentities | undefined {
  return identitiesOfExports(store, exports) ?? keptIdentities(store, exports);
}
