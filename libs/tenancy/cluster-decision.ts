import type { LogicalClusterName } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Decision, Operation, Reads, Store } from '@kcp-ts/storage';
import { createDecision, flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import { logicalClusterKey, storedLogicalClusterKey } from './logical-cluster-key.ts';

/**
 * A decision whose commit relies on what was read for it. A new object relies on its logical
 * cluster as well, which must be there and stay; the same commit may make the cluster.
 */
export function createClusterDecision(store: Store): Decision {
  function conditionOfCreate(key: string, operations: readonly Operation[]): Operation | undefined {
    const ownerKey = storedLogicalClusterKey(parseKey(key).cluster);
    if (ownerKey === undefined || operations.some((operation) => operation.key === ownerKey)) return undefined;
    const entry = store.peek(ownerKey);
    if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0)
      throw new StatusError('Conflict', `Cannot make ${key}: its logical cluster is not there any more`);
    return { op: 'check', key: ownerKey, createRevision: entry.createRevision };
  }
  return createDecision(store, { conditionOfCreate });
}

/** Whether objects may be made in a cluster. It is a condition of what is committed. */
export function takesContent(reads: Reads, cluster: LogicalClusterName): boolean {
  if (cluster.startsWith('system:')) return true;
  const entry = reads.peek(logicalClusterKey(cluster));
  return entry !== undefined && (storedFlags(entry.value) & flagDeleting) === 0;
}
