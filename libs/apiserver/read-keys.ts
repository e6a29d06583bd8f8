/** Chosen entries as pages of a list, as `readPage` reads ranges. */
import { StatusError } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import type { Entry, Store } from '@kcp-ts/storage';
import type { Page, ReadOptions } from './read-entries.ts';
import { matches } from './read-entries.ts';

/**
 * Where a page goes on. Throws StatusError Expired where the object that the page before ended with
 * is not shown any more.
 */
function positionBehind(keys: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0;
  const position = keys.indexOf(after) + 1;
  if (position > 0) return position;
  throw StatusError.expired(
    'The provided continue parameter is too old to display a consistent list result; start again without it',
  );
}

/**
 * Up to `limit` matching entries of `keys` behind `after`, in the order of `keys`, as they are now.
 * For values that never change: what they are now they were at the revision of the first page.
 */
export async function readKeys(
  store: Pick<Store, 'get' | 'currentRevision'>,
  served: ServedResource,
  keys: readonly string[],
  { at, after, limit, bytesMax, filter, slices }: ReadOptions,
): Promise<Page> {
  const revision = at ?? store.currentRevision();
  const entries: Entry[] = [];
  let bytes = 0;
  for (let position = positionBehind(keys, after); position < keys.length; position++) {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
    const entry = store.get(keys[position] ?? '');
    if (entry === undefined || (filter !== undefined && !matches(filter, served, entry))) continue;
    entries.push(entry);
    bytes += entry.value.length;
    if (entries.length >= limit || bytes >= bytesMax) return { entries, revision, more: position + 1 < keys.length };
  }
  return { entries, revision, more: false };
}
