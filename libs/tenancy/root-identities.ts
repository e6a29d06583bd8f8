/** The identities of root's exports as a shard's own store knows them: by the exports themselves where root is, by what was kept of them elsewhere. */

import type { IdentityHash, KubeObject } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import { rootExports } from '@kcp-ts/apis';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportKey, identityOf } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { formatKey, parseStored } from '@kcp-ts/storage';

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

function complete(identityNamed: (name: string) => IdentityHash | undefined): RootIdentities | undefined {
  const found = rootExports.map(({ name }) => [name, identityNamed(name)] as const);
  return found.every((one): one is [string, IdentityHash] => one[1] !== undefined) ? new Map(found) : undefined;
}

/** By root's exports; undefined where one of them is not there. */
export function identitiesOfExports(store: Pick<Store, 'get'>): RootIdentities | undefined {
  return complete((name) => {
    const entry = store.get(exportKey('root', name));
    return entry === undefined ? undefined : identityOf(parseStored<ApiExport>(entry.value));
  });
}

/** By what was kept; undefined where that is not complete. */
export function keptIdentities(store: Pick<Store, 'get'>): RootIdentities | undefined {
  const entry = store.get(identityCacheKey);
  if (entry === undefined) return undefined;
  const { data = {} } = parseStored<KubeObject & { data?: Record<string, string> }>(entry.value);
  return complete((name) => parseIdentityHash(data[name]));
}
