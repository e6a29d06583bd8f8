/**
 * What leaves a shard with its feed: copies of what other shards bind to, take types from or judge requests by (kcp facts, 9), and projections of all
 * workspaces and logical clusters. A list of what may go: what is not named here stays, tenants' objects and Secrets among it.
 */
import { exportConsumersPrefix } from '@kcp-ts/controllers';
import type { KubeObject } from '@kcp-ts/meta';
import type { StoreEvent } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { isLogicalClusterKey, isReplicated, isWorkspaceKey, projectionOf } from '@kcp-ts/workspace-index';

/** Kinds of which every object is copied; what comes behind group and resource is an identity. */
const copiedKinds = [
  'apis.kcp.io/apiexports/',
  'apis.kcp.io/apiresourceschemas/',
  'apis.kcp.io/apiconversions/',
  'apis.kcp.io/apiexportendpointslices/',
  'core.kcp.io/shards/',
  'tenancy.kcp.io/workspacetypes/',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations/',
  'admissionregistration.k8s.io/validatingwebhookconfigurations/',
  exportConsumersPrefix,
];

/** Kinds of which those objects are copied that carry the annotation `internal.kcp.io/replicate`. */
const markedKinds = ['rbac.authorization.k8s.io/clusterroles/', 'rbac.authorization.k8s.io/clusterrolebindings/'];

const projectedKinds = ['core.kcp.io/logicalclusters/', 'tenancy.kcp.io/workspaces/'];

/** The ranges of a store that a feed is made from. */
export const feedPrefixes: readonly string[] = [...copiedKinds, ...markedKinds, ...projectedKinds];

/** Copied objects, as other services keep them: all of the feed but the projections. */
export function isCopiedKey(key: string): boolean {
  return copiedKinds.some((prefix) => key.startsWith(prefix)) || markedKinds.some((prefix) => key.startsWith(prefix));
}

/** Whether a marked object is one, without parsing those that cannot be. */
function isMarked(value: Uint8Array): boolean {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return bytes.includes('internal.kcp.io/replicate') && isReplicated(parseStored<KubeObject>(value));
}

/** What a feed says of an entry. */
export type Projected =
  | { readonly kind: 'none' }
  | { readonly kind: 'put'; readonly value: Uint8Array }
  | { readonly kind: 'delete' };

const none: Projected = { kind: 'none' };
const deleted: Projected = { kind: 'delete' };

/** Clusters of the system are nobody else's business, but for what was made to be told. */
function isSystem(key: string): boolean {
  let at = 0;
  for (let slashes = 0; slashes < 3; slashes++) at = key.indexOf('/', at) + 1;
  return key.startsWith('system:', at) && !key.startsWith(exportConsumersPrefix);
}

/** What a change of the store says to others. */
export function projectEvent({
  type,
  key,
  value,
  previous,
}: Pick<StoreEvent, 'type' | 'key' | 'value' | 'previous'>): Projected {
  if (isSystem(key)) return none;
  if (isLogicalClusterKey(key) || isWorkspaceKey(key)) {
    if (type === 'delete') return deleted;
    return { kind: 'put', value: isLogicalClusterKey(key) && isMarked(value) ? value : projectionOf(value) };
  }
  if (copiedKinds.some((prefix) => key.startsWith(prefix))) return type === 'delete' ? deleted : { kind: 'put', value };
  if (!markedKinds.some((prefix) => key.startsWith(prefix))) return none;
  if (type === 'put' && isMarked(value)) return { kind: 'put', value };
  return isMarked(type === 'delete' ? value : (previous?.value ?? new Uint8Array())) ? deleted : none;
}
