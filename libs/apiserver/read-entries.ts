/**
 * Entries of several ranges as one ordered sequence, at one revision, in pages that are bounded by
 * entries and by bytes.
 */

import type { Revision } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { metadataObject, servedObject } from '@kcp-ts/registry';
import type { Entry, Range, Store } from '@kcp-ts/storage';
import type { SelectorFilter } from './selector-filter.ts';
import type { KeyFilter } from './view.ts';

/** What is read at once where a filter looks at it. */
const filteredEntries = 500;
const filteredBytes = 1024 * 1024;

export interface Page {
  readonly entries: readonly Entry[];
  readonly revision: Revision;
  /** There may be more behind the last key. */
  readonly more: boolean;
}

export interface ReadOptions {
  readonly at: Revision | undefined;
  readonly after: string | undefined;
  /** How many matching entries, at most. */
  readonly limit: number;
  /** The page ends with the entry that brings its values to this many bytes. */
  readonly bytesMax: number;
  readonly filter: SelectorFilter | undefined;
  readonly keyFilter?: KeyFilter | undefined;
  /** Of the request: a filter may have to look at every object of a workspace to find none. */
  readonly slices: Slices;
}

function startsBehind(range: Range, after: string | undefined): boolean {
  return after !== undefined && 'prefix' in range && !after.startsWith(range.prefix) && range.prefix < after;
}

export function matches(filter: SelectorFilter, served: ServedResource, entry: Entry): boolean {
  return filter.matches(filter.metadataOnly ? metadataObject(served, entry.value) : servedObject(served, entry.value));
}

/** Up to `limit` matching entries behind `after`. */
export async function readPage(
  store: Store,
  served: ServedResource,
  ranges: readonly Range[],
  options: ReadOptions,
): Promise<Page> {
  const { filter, keyFilter, limit, bytesMax, slices } = options;
  const all = filter === undefined && keyFilter === undefined;
  const entries: Entry[] = [];
  let bytes = 0;
  let { at, after } = options;
  for (const [i, range] of ranges.entries()) {
    if (startsBehind(range, after)) continue;
    let from = after !== undefined && 'prefix' in range && after.startsWith(range.prefix) ? after : undefined;
    for (;;) {
      const page = await store.list(range, {
        at,
        after: from,
        limit: all ? limit - entries.length : filteredEntries,
        bytesMax: all ? bytesMax - bytes : filteredBytes,
      });
      at ??= page.revision;
      for (const [k, entry] of page.entries.entries()) {
        from = entry.key;
        if (keyFilter?.includes(entry.key, at) === false) continue;
        if (filter !== undefined) {
          const pause = slices.pause();
          if (pause !== undefined) await pause;
          if (!matches(filter, served, entry)) continue;
        }
        entries.push(entry);
        bytes += entry.value.length;
        if (entries.length < limit && bytes < bytesMax) continue;
        const more = k + 1 < page.entries.length || page.more || i + 1 < ranges.length;
        return { entries, revision: at, more };
      }
      if (!page.more) break;
    }
    after = undefined;
  }
  return { entries, revision: at ?? store.currentRevision(), more: false };
}
