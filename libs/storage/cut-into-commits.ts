import type { Operation, Store } from './store.ts';

const commitOperations = 100;
/** Well below what etcd takes in one transaction; a single larger object is committed alone. */
const commitBytes = 1_000_000;

/**
 * Cuts operations into commits that every engine takes: by their number, and by the bytes of what
 * they replace.
 */
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
