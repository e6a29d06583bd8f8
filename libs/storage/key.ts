import type { KeyIdentity, LogicalClusterName } from '@kcp-ts/api';

/** The six segments of a key, `group/resource/identity/cluster/namespace/name`. */
export interface KeyParts {
  /** '' is the core group, `core` in the key. */
  readonly group: string;
  readonly resource: string;
  /**
   * The identity of a bound API, `-` for built-in and system kinds, `customresources` for a CRD's.
   */
  readonly identity: string;
  readonly cluster: LogicalClusterName;
  readonly namespace: string;
  readonly name: string;
}

/** `group/resource/`: a resource of any identity, over all clusters. */
export function kindPrefix(group: string, resource: string): string {
  return `${group === '' ? 'core' : group}/${resource}/`;
}

/** `group/resource/identity/`: a resource over all clusters. */
export function resourcePrefix(group: string, resource: string, identity: KeyIdentity): string {
  return `${kindPrefix(group, resource)}${identity}/`;
}

export function formatKey(parts: KeyParts & { readonly identity: KeyIdentity }): string {
  return `${resourcePrefix(parts.group, parts.resource, parts.identity)}${parts.cluster}/${parts.namespace}/${parts.name}`;
}

export function parseKey(key: string): KeyParts {
  const [group, resource, identity, cluster, namespace, ...rest] = key.split('/');
  if (
    group === undefined ||
    resource === undefined ||
    identity === undefined ||
    cluster === undefined ||
    namespace === undefined ||
    rest.length !== 1
  )
    throw new RangeError(`Cannot use ${JSON.stringify(key)} as a key`);
  return { group: group === 'core' ? '' : group, resource, identity, cluster, namespace, name: rest[0] as string };
}
