/** Entries of several ranges as one ordered sequence, at one revision, in bounded pages. */
import type { KubeObject, Revision } from '@kcp-ts/meta';
import type { ServedResource } from '@kcp-ts/registry';
import { servedObject } from '@kcp-ts/registry';
import type { Entry, Range, Store } from '@kcp-ts/storage';
import type { ObjectFilter } from './object-filter.ts';
import type { KeyFilter } from './scope.ts';

const pageEntries = 500;

export interface Page {
  readonly entries: readonly Entry[];
  /** Parsed in the served version where a filter had to look at them. */
  readonly objects: readonly KubeObject[] | undefined;
  readonly revision: Revision;
  /** There may be more behind the last key. */
  readonly more: boolean;
}

export interface ReadOptions {
  readonly at: Revision | undefined;
  readonly after: string | undefined;
  /** How many matching entries, at most. */
  readonly limit: number;
  readonly filter: ObjectFilter | undefined;
  readonly keyFilter?: KeyFilter | undefined;
}

function startsBehind(range: Range, after: string | undefined): boolean {
  return after !== undefined && 'prefix' in range && !after.startsWith(range.prefix) && range.prefix < after;
}

/** Up to `limit` matching entries behind `after`. */
export async function readPage(
  store: Store,
  served: ServedResource,
  ranges: readonly Range[],
  options: ReadOptions,
): Promise<Page> {
  const { filter, keyFilter, limit } = options;
  const entries: Entry[] = [];
  const objects: KubeObject[] = [];
  let { at, after } = options;
  for (const [i, range] of ranges.entries()) {
    if (startsBehind(range, after)) continue;
    let from = after !== undefined && 'prefix' in range && after.startsWith(range.prefix) ? after : undefined;
    for (;;) {
      const page = await store.list(range, {
        at,
        after: from,
        limit:
          filter === undefined && keyFilter === undefined ? Math.min(limit - entries.length, pageEntries) : pageEntries,
      });
      at ??= page.revision;
      for (const [k, entry] of page.entries.entries()) {
        from = entry.key;
        if (keyFilter?.includes(entry.key) === false) continue;
        if (filter !== undefined) {
          const object = servedObject(served, entry.value);
          if (!filter(object)) continue;
          objects.push(object);
        }
        entries.push(entry);
        if (entries.length < limit) continue;
        const more = k + 1 < page.entries.length || page.more || i + 1 < ranges.length;
        return { entries, objects: filter === undefined ? undefined : objects, revision: at, more };
      }
      if (!page.more) break;
    }
    after = undefined;
  }
  return {
    entries,
    objects: filter === undefined ? undefined : objects,
    revision: at ?? store.currentRevision(),
    more: false,
  };
}
