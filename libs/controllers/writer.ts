/** How controllers write: whole objects, conditioned on the revision that was read, a bounded number in one commit. */

import type { KubeObject, Revision } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { currentObject, storedObject, timestampOf } from '@kcp-ts/registry';
import type { Decision, Entry, Operation, Range, Store } from '@kcp-ts/storage';

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

const commitOperations = 100;
/** Well below what etcd takes in one transaction; a single larger object goes alone. */
const commitBytes = 1_000_000;

/** Cuts operations into commits that every engine takes: by their number, and by the bytes of what they replace. */
export function cutIntoCommits(
  store: Pick<Store, 'peek'>,
  operations: readonly Operation[],
): readonly (readonly Operation[])[] {
  const commits: Operation[][] = [];
  let last: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const size = operation.op === 'put' ? (store.peek(operation.key)?.value.length ?? 0) : 0;
    if (last.length === 0 || last.length >= commitOperations || bytes + size > commitBytes) {
      last = [];
      commits.push(last);
      bytes = 0;
    }
    last.push(operation);
    bytes += size;
  }
  return commits;
}

const pieceEntries = 200;

/** All entries of a range in bounded pieces, newest state each. */
export async function* eachBatch(store: Pick<Store, 'list'>, range: Range): AsyncIterable<readonly Entry[]> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list(range, { after, limit: pieceEntries });
    if (page.entries.length > 0) yield page.entries;
    after = page.entries.at(-1)?.key ?? after;
    if (!page.more) return;
  }
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
