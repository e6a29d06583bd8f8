/**
 * A bound schema is kept under its UID in a system cluster: bindings go on being served when the
 * provider deletes the APIResourceSchema, and one copy serves every workspace that binds it. The
 * copies are internal: no API shows them.
 */
import type { Operation, Store } from '@kcp-ts/storage';
import { encodeStored, formatKey, resourcePrefix } from '@kcp-ts/storage';
import type { ApiResourceSchema } from './types.ts';

/** A bound resource under its identity, as sets of what a workspace has bound hold it. */
export function boundName(group: string, resource: string, identity: string): string {
  return `${group}/${resource}/${identity}`;
}

/** The system cluster that holds copies of bound schemas. */
export const boundSchemasCluster = 'system:bound-crds';

const group = 'apis.kcp.io';
const resource = 'boundschemas';

/** Of the keys of all copies. */
export const boundSchemasPrefix = resourcePrefix(group, resource, '-');

export function boundSchemaKey(uid: string): string {
  return formatKey({
    group,
    resource,
    identity: '-',
    cluster: boundSchemasCluster,
    namespace: '',
    name: uid,
  });
}

/** Copies of schemas are not objects of an API: no definition normalises them. */
export const boundSchemaFingerprint = '0000000000000000';

/** Copies a schema that is bound; undefined where there is a copy already. */
export function keepBoundSchema(store: Pick<Store, 'peekHead'>, schema: ApiResourceSchema): Operation | undefined {
  const key = boundSchemaKey(schema.metadata.uid ?? '');
  if (store.peekHead(key) !== undefined) return undefined;
  return {
    op: 'put',
    key,
    expect: 'any',
    value: () => encodeStored(boundSchemaFingerprint, 0, JSON.stringify(schema)),
  };
}
