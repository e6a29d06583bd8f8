/**
 * When a set of keys was last written, for the sets that somebody's decision relies on: a resource
 * of one cluster, or all of a cluster. In memory, in the owner alone: every commit passes here, and
 * what was committed before a start was there for every decision that has been made since.
 */
import type { Revision } from '@kcp-ts/api';
import { LRUCache } from 'lru-cache';
import { endOfSegments } from '../key-range.ts';
import type { SetRange, UnchangedCondition } from '../store.ts';

/**
 * Sets that are remembered. A decision takes a moment, so only a storm of them is refused for a set
 * that is not, and looks again.
 */
const setsMax = 20_000;

interface Written {
  readonly revision: Revision;
  readonly key: string;
}

/** What conditions call a set: its four segments, or its cluster's one. */
function nameOf(set: SetRange): string {
  return 'cluster' in set ? `${set.cluster}/` : set.prefix;
}

/** Throws a RangeError for what is not one of the two kinds of sets. */
function checkSet(set: SetRange): void {
  if ('prefix' in set && !/^(?:[^/]+\/){4}$/.test(set.prefix))
    throw new RangeError(`Cannot rely on ${JSON.stringify(set.prefix)} as a set: it must be four segments of a key`);
}

/** Whether a key is in the set that a condition names. */
export function isInSet(key: string, name: string): boolean {
  return name.indexOf('/') === name.length - 1 ? key.startsWith(name, endOfSegments(key, 3)) : key.startsWith(name);
}

export class ChangedSets {
  /** The last write of each set; undefined where there was none since it was first asked about. */
  readonly #sets = new LRUCache<string, { last: Written | undefined }>({ max: setsMax });

  /** `pending`: what is decided and not durable yet. */
  rely(
    set: SetRange,
    durable: Revision,
    pending: ReadonlyMap<string, { readonly revision: Revision }>,
  ): UnchangedCondition {
    const name = nameOf(set);
    if (this.#sets.get(name) === undefined) {
      checkSet(set);
      let last: Written | undefined;
      for (const [key, { revision }] of pending)
        if (isInSet(key, name) && (last === undefined || revision > last.revision)) last = { revision, key };
      this.#sets.set(name, { last });
    }
    return { op: 'unchanged', key: name, since: durable };
  }

  /**
   * The key by whose change a condition fails, or the set's own name where it is not known any
   * more; undefined where it holds.
   */
  readonly lastChange = ({ key, since }: UnchangedCondition): string | undefined => {
    const known = this.#sets.get(key);
    if (known === undefined) return key;
    return known.last !== undefined && known.last.revision > since ? known.last.key : undefined;
  };

  written(key: string, revision: Revision): void {
    if (this.#sets.size === 0) return;
    const start = endOfSegments(key, 3);
    const end = key.indexOf('/', start) + 1;
    this.#note(key.slice(0, end), key, revision);
    this.#note(key.slice(start, end), key, revision);
  }

  /** What was pending will never be: nobody can rely on what was decided with it. */
  forget(): void {
    this.#sets.clear();
  }

  #note(name: string, key: string, revision: Revision): void {
    const known = this.#sets.peek(name);
    if (known !== undefined) known.last = { revision, key };
  }
}
