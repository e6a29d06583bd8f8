/** Lists with the patch strategy `merge`. */
import type { JsonObject } from '@kcp-ts/schema';
import { hasKey, isJsonObject, jsonEqual } from '@kcp-ts/schema';
import { badPatch, unprocessable } from './patch-errors.ts';

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
  const result = [...live];
  for (const item of patch) {
    const value = keyOf(item, key);
    const at = result.findIndex((other) => isJsonObject(other) && jsonEqual(other[key], value));
    const other = result[at];
    if (item['$patch'] === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (isJsonObject(other)) result[at] = mergeItem(other, item);
    else result.push(mergeItem({}, item));
  }
  return result;
}

/** Items are told apart by the merge key; scalars by themselves. New items come last. */
export function mergeList(
  live: readonly unknown[],
  patch: readonly unknown[],
  key: string | undefined,
  mergeItem: MergeItem,
): unknown[] {
  const objects = patch.filter(isJsonObject);
  if (objects.length === 0 && !patch.some(Array.isArray)) return mergePrimitives(live, patch);
  if (objects.length < patch.length) throw unprocessable('lists of lists cannot be merged');
  if (key === undefined) throw badPatch('the list has no merge key: its items cannot be merged');
  return mergeObjects(live, objects, key, mergeItem);
}
