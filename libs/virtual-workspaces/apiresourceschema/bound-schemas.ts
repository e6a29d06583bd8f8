/** The schemas that are bound in a workspace, for the virtual workspace that shows them. */
import type { ClusterName } from '@kcp-ts/api';
import { parseIdentityHash } from '@kcp-ts/api';
import type { Catalog } from '@kcp-ts/catalog';
import type { ApiSurface } from '@kcp-ts/registry';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix, boundSchemaFingerprint, boundSchemaKey, boundSchemasPrefix } from '@kcp-ts/sharing';
import type { ParsedReader, Store } from '@kcp-ts/storage';

/** They can only be read. */
export const boundSchemaVerbs = ['get', 'list', 'watch'] as const;

const bindingsMax = 4_096;

/**
 * Where the copies are that were made of the schemas when they were bound, by the names of the
 * schemas; with a name, that of this one.
 */
export function boundSchemaKeysOf(
  { store, reader }: { readonly store: Pick<Store, 'scan'>; readonly reader: Pick<ParsedReader, 'parse'> },
  cluster: ClusterName,
  name?: string,
): readonly string[] {
  const bound = store
    .scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax)
    .flatMap((entry) => reader.parse<ApiBinding>(entry).status?.boundResources ?? [])
    .map(({ schema }) => schema)
    .filter((schema) => parseIdentityHash(schema.identityHash) !== undefined)
    .filter((schema) => name === undefined || schema.name === name)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...new Set(bound.map(({ UID }) => boundSchemaKey(UID)))];
}

/**
 * APIResourceSchemas alone, which are not stored under the workspace (`virtual`) and can only be
 * read. Their copies are answered as they are kept, byte for byte.
 */
export function boundSchemasSurface({ base, intern }: Pick<Catalog, 'base' | 'intern'>): ApiSurface {
  const served = base.find('apis.kcp.io', 'v1alpha1', 'apiresourceschemas');
  if (served === undefined) throw new Error('APIResourceSchemas are not built in');
  const definition = { ...served.definition, verbs: boundSchemaVerbs, subresources: [], virtual: true };
  const kept = { prefix: boundSchemasPrefix, fingerprint: boundSchemaFingerprint };
  return intern('bound schemas', () => [{ ...served, ...kept, definition }]);
}
