/**
 * A bound schema is kept under its UID in a system cluster: bindings go on being served when the
 * provider deletes the APIResourceSchema, and one copy serves every workspace that binds it. The
 * copies are internal: no API shows them.
 */
import { formatKey } from '@kcp-ts/storage';

/** A bound resource under its identity, as sets of what a workspace has bound hold it. */
export function boundName(group: string, resource: string, identity: string): string {
  return `${group}/${resource}/${identity}`;
}

/** The system cluster that holds copies of bound schemas. */
export const boundSchemasCluster = 'system:bound-crds';

export function boundSchemaKey(uid: string): string {
  return formatKey({
    group: 'apis.kcp.io',
    resource: 'boundschemas',
    identity: '-',
    cluster: boundSchemasCluster,
    namespace: '',
    name: uid,
  });
}
