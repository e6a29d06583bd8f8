/**
 * Deletes every instance of a resource in a workspace, in bounded commits, each with its event;
 * those with finalizers get their deletionTimestamp and stay.
 */
import type { KeyIdentity, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import {
  cutIntoCommits,
  eachBatch,
  flagDeleting,
  flagFinalizers,
  parseStored,
  resourcePrefix,
  storedFlags,
} from '@kcp-ts/storage';
import type { ControllerDependencies } from './writer.ts';
import { replaceOfAnyKind, timestamp } from './writer.ts';

export interface Remaining {
  readonly count: number;
  /** Finalizers of what remains, with how many objects have them. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/**
 * The operation that deletes one entry or sets its deletionTimestamp, whatever its kind; undefined
 * where it has that already.
 */
export function removeOperation(deps: ControllerDependencies, entry: Entry, now: string): Operation | undefined {
  const flags = storedFlags(entry.value);
  if ((flags & flagFinalizers) === 0) return { op: 'delete', key: entry.key, expect: entry.revision };
  if ((flags & flagDeleting) !== 0) return undefined;
  return replaceOfAnyKind(deps, entry, flags | flagDeleting, () => {
    const object = parseStored<KubeObject>(entry.value);
    object.metadata.deletionTimestamp = now;
    object.metadata.deletionGracePeriodSeconds = 0;
    return object;
  });
}

function countFinalizers(entry: Entry, finalizers: Map<string, number>): void {
  for (const finalizer of parseStored<KubeObject>(entry.value).metadata.finalizers ?? [])
    finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
}

/**
 * What is left afterwards waits for its finalizers. `conflict`: what it was decided on has changed
 * meanwhile.
 */
export async function deleteInstances(
  deps: ControllerDependencies,
  decision: Decision,
  group: string,
  plural: string,
  identity: KeyIdentity,
  cluster: LogicalClusterName,
): Promise<Remaining | 'conflict'> {
  const prefix = `${resourcePrefix(group, plural, identity)}${cluster}/`;
  const now = timestamp(deps);
  for (let again = true; again; ) {
    again = false;
    for await (const entries of eachBatch(deps.store, { prefix })) {
      const operations = entries.flatMap((entry) => removeOperation(deps, entry, now) ?? []);
      for (const commit of cutIntoCommits(deps.store, operations)) if (!(await decision.commit(commit))) again = true;
    }
    if (again && !(await decision.holds())) return 'conflict';
  }
  const finalizers = new Map<string, number>();
  let count = 0;
  for await (const entries of eachBatch(deps.store, { prefix })) {
    for (const entry of entries) {
      count++;
      countFinalizers(entry, finalizers);
    }
  }
  return { count, finalizers };
}
