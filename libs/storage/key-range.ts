/** Ranges made ready to be asked often, and the second order that keys are kept in. */
import type { Range } from './store.ts';

/**
 * `cluster/namespace/group/resource/identity/name`: the order in which everything of one cluster,
 * and of one of its namespaces, lies together. Cheap, since it runs for every key that is created
 * or deleted.
 */
export function clusterOrderOf(key: string): string {
  const cluster = endOfSegments(key, 3);
  const name = key.indexOf('/', key.indexOf('/', cluster) + 1);
  return `${key.slice(cluster, name + 1)}${key.slice(0, cluster)}${key.slice(name + 1)}`;
}

/** The key again of what `clusterOrderOf` made. */
export function keyOfClusterOrder(ordered: string): string {
  const group = endOfSegments(ordered, 2);
  const name = endOfSegments(ordered, 5);
  return `${ordered.slice(group, name)}${ordered.slice(0, group)}${ordered.slice(name)}`;
}

/** The index behind the `count`th slash. */
export function endOfSegments(key: string, count: number): number {
  let index = 0;
  for (let segment = 0; segment < count; segment++) index = key.indexOf('/', index) + 1;
  return index;
}

/**
 * In the order of their UTF-8 bytes, which every engine keeps: JavaScript's own order differs
 * behind U+FFFF.
 */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aSurrogate = a >= 0xd800 && a <= 0xdfff;
    if (aSurrogate !== (b >= 0xd800 && b <= 0xdfff)) return aSurrogate ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

export interface KeyRange {
  /** The same text for the same range: a map's key. */
  readonly id: string;
  /** `key`: `start` is a prefix of keys; `cluster`: of what `clusterOrderOf` makes. */
  readonly order: 'key' | 'cluster';
  readonly start: string;
  /** What `start`'s keys end before; undefined is the end of everything. */
  readonly end: string | undefined;
  /** How many whole segments `start` has. */
  readonly segments: number;
  includes(key: string): boolean;
}

/** Throws a RangeError for a prefix that does not end with a whole segment. */
export function compileRange(range: Range): KeyRange {
  if ('prefix' in range) {
    const start = range.prefix;
    const segments = start.split('/').length - 1;
    if ((start !== '' && !start.endsWith('/')) || segments > 5)
      throw new RangeError(
        `Cannot use ${JSON.stringify(start)} as a range: it must be whole segments of a key, ending in "/"`,
      );
    return { id: start, order: 'key', start, end: endOf(start), segments, includes: (key) => key.startsWith(start) };
  }
  const start = range.namespace === undefined ? `${range.cluster}/` : `${range.cluster}/${range.namespace}/`;
  return {
    id: `@${start}`,
    order: 'cluster',
    start,
    end: endOf(start),
    segments: range.namespace === undefined ? 1 : 2,
    includes: (key) => key.startsWith(start, endOfSegments(key, 3)),
  };
}

// '0' follows '/', which every start ends with.
function endOf(start: string): string | undefined {
  return start === '' ? undefined : `${start.slice(0, -1)}0`;
}
