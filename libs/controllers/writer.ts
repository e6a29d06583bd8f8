/**
 * How controllers write: whole objects, on condition of the revision that was read, a bounded
 * number in one commit.
 */

import type { KubeObject, Revision } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { currentObject, storedObject, timestampOf } from '@kcp-ts/registry';
import type { Decision, Entry, Operation, Store } from '@kcp-ts/storage';
import { cutIntoCommits, encodeStored, storedFingerprint } from '@kcp-ts/storage';

export interface ControllerDependencies {
  /**
   * For watches, and for what is too much for one decision: a reconciler reads and commits through
   * the `Decision` that it is handed.
   */
  readonly store: Omit<Store, 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardNumber: number;
  /** The storage version of a resource that every workspace serves, or that root exports. */
  served(group: string, plural: string): ServedResource;
}

export function timestamp(deps: ControllerDependencies): string {
  return timestampOf(deps.clock.now());
}

/** Replaces what an entry holds. */
export function replaceOperation(
  deps: ControllerDependencies,
  served: ServedResource,
  entry: Entry,
  object: KubeObject,
): Operation {
  return {
    op: 'put',
    key: entry.key,
    expect: entry.revision,
    expiresAt: 'kept',
    value: (revision: Revision) => storedObject(served, object, revision, deps.shardNumber),
  };
}

/**
 * As `replaceOperation`, for an entry of any kind: the object stays normalised under the schema
 * that it was stored under. `next` is called when it is committed.
 */
export function replaceOfAnyKind(
  deps: Pick<ControllerDependencies, 'shardNumber'>,
  { key, value, revision: expect }: Entry,
  flags: number,
  next: () => KubeObject,
): Operation {
  const fingerprint = storedFingerprint(value);
  return {
    op: 'put',
    key,
    expect,
    expiresAt: 'kept',
    value(revision) {
      const object = next();
      object.metadata.resourceVersion = formatResourceVersion(revision, deps.shardNumber);
      return encodeStored(fingerprint, flags, JSON.stringify(object));
    },
  };
}

/** An entry's object, parsed at each call, so that the caller may change it. */
export function objectOf<T extends KubeObject>(served: ServedResource, entry: Entry): T {
  return currentObject(served, entry.value) as T;
}

/**
 * Commits operations that need not be committed together, in their order, a bounded number at a
 * time. False on a conflict: what follows it is not committed.
 */
export async function commitInBatches(
  { store }: Pick<ControllerDependencies, 'store'>,
  decision: Decision,
  operations: readonly Operation[],
): Promise<boolean> {
  for (const batch of cutIntoCommits(store, operations)) if (!(await decision.commit(batch))) return false;
  return true;
}
