/**
 * Sorting with turns for others: a workspace of thousands of resources has tens of thousands of
 * paths.
 */
import type { Slices } from '@kcp-ts/base';

type Named<Value> = readonly [string, Value];

/** Entries that are sorted at once. */
const runLength = 1_000;

async function merge<Value>(a: Named<Value>[], b: Named<Value>[], slices: Slices): Promise<Named<Value>[]> {
  const merged: Named<Value>[] = [];
  let inA = 0;
  let inB = 0;
  for (;;) {
    const [first, second] = [a[inA], b[inB]];
    if (first === undefined && second === undefined) return merged;
    if (second === undefined || (first !== undefined && first[0] < second[0])) {
      merged.push(first as Named<Value>);
      inA++;
    } else {
      merged.push(second);
      inB++;
    }
    if (merged.length % runLength === 0 && slices.due) await slices.pause();
  }
}

/** The entries by their names, in the order of code units. */
export async function sortByName<Value>(
  entries: ReadonlyMap<string, Value>,
  slices: Slices,
): Promise<readonly Named<Value>[]> {
  const all: Named<Value>[] = [...entries];
  let runs: Named<Value>[][] = [];
  for (let at = 0; at < all.length; at += runLength) {
    runs.push(all.slice(at, at + runLength).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (slices.due) await slices.pause();
  }
  while (runs.length > 1) {
    const merged: Named<Value>[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], slices));
    runs = merged;
  }
  return runs[0] ?? [];
}
