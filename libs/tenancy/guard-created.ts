import { StatusError } from '@kcp-ts/api';
import type { Operation, Store } from '@kcp-ts/storage';
import { flagDeleting, storedFlags } from '@kcp-ts/storage';

/**
 * What a controller makes in a cluster relies on it, as what a client makes does; a cluster may be made with it. `ownerKey`: of the cluster's LogicalCluster.
 */
export function guardCreated(
  store: Pick<Store, 'peek'>,
  ownerKey: string,
  key: string,
  operations: readonly Operation[],
): Operation | undefined {
  if (operations.some((operation) => operation.key === ownerKey)) return undefined;
  const entry = store.peek(ownerKey);
  if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0)
    throw new StatusError('Conflict', `Cannot make ${key}: its logical cluster is not there any more`);
  return { op: 'check', key: ownerKey, createRevision: entry.createRevision };
}
