/**
 * Finds the ranges that a key is in by looking up its own prefixes: what no one follows costs
 * nothing, and no watcher is asked.
 */
import type { KeyRange } from '@kcp-ts/storage';
import { clusterOrderOf } from '@kcp-ts/storage';

export interface RangeIndex<Bucket> {
  get(range: KeyRange): Bucket | undefined;
  set(range: KeyRange, bucket: Bucket): void;
  delete(range: KeyRange): void;
  /** Every bucket whose range the key is in. */
  match(key: string, visit: (bucket: Bucket) => void): void;
  size(): number;
}

const segmentsMax = 5;

export function createRangeIndex<Bucket>(): RangeIndex<Bucket> {
  const orders = { key: createLevels<Bucket>(), cluster: createLevels<Bucket>() };
  return {
    get: (range) => orders[range.order].levels[range.segments]?.get(range.start),
    set: (range, bucket) => orders[range.order].set(range, bucket),
    delete: (range) => orders[range.order].delete(range),
    match(key, visit) {
      if (orders.key.size() > 0) orders.key.match(key, visit);
      if (orders.cluster.size() > 0) orders.cluster.match(clusterOrderOf(key), visit);
    },
    size: () => orders.key.size() + orders.cluster.size(),
  };
}

function createLevels<Bucket>() {
  const levels: readonly Map<string, Bucket>[] = Array.from({ length: segmentsMax + 1 }, () => new Map());
  const size = () => levels.reduce((sum, level) => sum + level.size, 0);
  let deepest = 0;
  function settle(): void {
    deepest = levels.findLastIndex((level) => level.size > 0);
  }
  return {
    levels,
    size,
    set(range: KeyRange, bucket: Bucket) {
      levels[range.segments]?.set(range.start, bucket);
      settle();
    },
    delete(range: KeyRange) {
      levels[range.segments]?.delete(range.start);
      settle();
    },
    match(ordered: string, visit: (bucket: Bucket) => void) {
      let end = 0;
      for (let segments = 0; segments <= deepest; segments++) {
        if (segments > 0) end = ordered.indexOf('/', end) + 1;
        const level = levels[segments];
        if (level === undefined || level.size === 0) continue;
        const bucket = level.get(ordered.slice(0, end));
        if (bucket !== undefined) visit(bucket);
      }
    },
  };
}
