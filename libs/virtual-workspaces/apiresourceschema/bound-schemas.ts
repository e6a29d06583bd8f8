/** The schemas that are bound in a workspace, for the virtual workspace that shows them. */
import type { ClusterName, KubeObject } from '@kcp-ts/api';
import type { Catalog } from '@kcp-ts/catalog';
import { boundResourcesOf } from '@kcp-ts/catalog';
import type { ApiSurface } from '@kcp-ts/registry';
import { bindingsPrefix, boundSchemaKey } from '@kcp-ts/sharing';
import type { ParsedReader, Store } from '@kcp-ts/storage';

/** They can only be read. */
export const boundSchemaVerbs = ['get', 'list', 'watch'] as const;

const bindingsMax = 4_096;

/** The copies that were made of the schemas when they were bound. */
export function boundSchemasOf(
  { store, reader }: { readonly store: Pick<Store, 'scan'>; readonly reader: ParsedReader },
  cluster: ClusterName,
): readonly KubeObject[] {
  const uids = new Set(
    store
      .scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax)
      .flatMap((entry) => boundResourcesOf(reader.parse(entry)).map(({ schemaUid }) => schemaUid)),
  );
  return [...uids].flatMap((uid) => reader.get<KubeObject>(boundSchemaKey(uid)) ?? []);
}

/**
 * APIResourceSchemas alone, which are not stored under the workspace (`virtual`) and can only be
 * read.
 */
export function boundSchemasSurface({ base, intern }: Pick<Catalog, 'base' | 'intern'>): ApiSurface {
  const served = base.find('apis.kcp.io', 'v1alpha1', 'apiresourceschemas');
  if (served === undefined) throw new Error('APIResourceSchemas are not built in');
  const definition = { ...served.definition, verbs: boundSchemaVerbs, subresources: [], virtual: true };
  return intern('bound schemas', () => [{ ...served, definition }]);
}
