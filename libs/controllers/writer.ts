/** How controllers write: whole objects, conditioned on the revision that was read, a bounded number in one commit. */

import type { KubeObject, Revision } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { currentObject, storedObject, timestampOf } from '@kcp-ts/registry';
import type { Decision, Entry, Operation, Store } from '@kcp-ts/storage';
import { eachBatch } from '@kcp-ts/storage';

export interface ControllerDependencies {
  /** To be woken by, and for what is too much for one decision: a decision reads and commits through the `Decision` that it is handed. */
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
    value: (revision: Revision) => storedObject(served, object, revision, deps.shardNumber),
  };
}

/** An entry's object, parsed anew: to be changed. */
export function objectOf<T extends KubeObject>(served: ServedResource, entry: Entry): T {
  return currentObject(served, entry.value) as T;
}

/** The keys of a range whose entries ask for work. */
export async function* keysToResume(
  store: Pick<Store, 'list'>,
  prefix: string,
  needsWork: (entry: Entry) => boolean,
): AsyncIterable<string> {
  for await (const entries of eachBatch(store, { prefix }))
    for (const entry of entries) if (needsWork(entry)) yield entry.key;
}

/** Look again at once: somebody else was faster. */
export const lostRaceMs = 1;

/** Commits; where somebody else wrote first, the key must be looked at again. */
export async function commitOrAgain(decision: Decision, operations: readonly Operation[]): Promise<number | undefined> {
  return (await decision.commit(operations)) ? undefined : lostRaceMs;
}
