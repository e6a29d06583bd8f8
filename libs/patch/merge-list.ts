/** Lists with the patch strategy `merge`. */
import type { JsonObject } from '@kcp-ts/schema';
import { hasKey, identityOf, isJsonObject } from '@kcp-ts/schema';
import { badPatch, patchTooLarge, unprocessable } from './patch-errors.ts';

/** Each item is merged with the one that it is about. */
const itemsMax = 20_000;

type MergeItem = (live: JsonObject, patch: JsonObject) => JsonObject;

function keyOf(item: JsonObject, key: string): unknown {
  if (hasKey(item, key)) return item[key];
  throw badPatch(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
}

function mergePrimitives(live: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...new Set([...live, ...patch])];
}

function mergeObjects(
  live: readonly unknown[],
  patch: readonly JsonObject[],
  key: string,
  mergeItem: MergeItem,
): unknown[] {
  if (patch.some((item) => item['$patch'] === 'replace')) {
    return patch.filter((item) => item['$patch'] !== 'replace').map((item) => mergeItem({}, item));
  }
  const result: unknown[] = [...live];
  const places = new Map<string, number>();
  for (const [at, item] of live.entries()) {
    if (!isJsonObject(item) || item[key] === undefined) continue;
    const id = identityOf(item[key]);
    if (!places.has(id)) places.set(id, at);
  }
  const deleted = new Set<number>();
  for (const item of patch) {
    const id = identityOf(keyOf(item, key) ?? null);
    const at = places.get(id);
    if (item['$patch'] === 'delete') {
      if (at === undefined) continue;
      deleted.add(at);
      places.delete(id);
    } else if (at === undefined) {
      places.set(id, result.length);
      result.push(mergeItem({}, item));
    } else result[at] = mergeItem(result[at] as JsonObject, item);
  }
  return deleted.size === 0 ? result : result.filter((_item, at) => !deleted.has(at));
}

/** Items are told apart by the merge key; scalars by themselves. New items come last. */
export function mergeList(
  live: readonly unknown[],
  patch: readonly unknown[],
  key: string | undefined,
  mergeItem: MergeItem,
): unknown[] {
  if (live.length + patch.length > itemsMax)
    throw patchTooLarge(`lists that are merged may have at most ${itemsMax} items together`);
  const objects = patch.filter(isJsonObject);
  if (objects.length === 0 && !patch.some(Array.isArray)) return mergePrimitives(live, patch);
  if (objects.length < patch.length) throw unprocessable('lists of lists cannot be merged');
  if (key === undefined) throw badPatch('the list has no merge key: its items cannot be merged');
  return mergeObjects(live, objects, key, mergeItem);
}
