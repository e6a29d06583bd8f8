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
  return ordered(
    result
      .map((item, at) => ({ item, at, live: at < live.length ? at : undefined }))
      .filter(({ at }) => !deleted.has(at)),
    patch.filter((item) => item['$patch'] !== 'delete').map((item) => places.get(identityOf(item[key] ?? null)) ?? -1),
  );
}

interface Placed {
  readonly item: unknown;
  readonly at: number;
  /** Where it stood before the patch. */
  readonly live: number | undefined;
}

/**
 * Kubernetes' order without `$setElementOrder`: items of the patch keep its order, the others
 * theirs; of two the other goes first where both were there and it stood first. `named`: the places
 * of the patch's items.
 */
function ordered(placed: readonly Placed[], named: readonly number[]): unknown[] {
  const isNamed = new Set(named);
  const byPlace = new Map(placed.map((item) => [item.at, item]));
  const patched = [...isNamed].flatMap((at) => byPlace.get(at) ?? []);
  const others = placed.filter(({ at }) => !isNamed.has(at));
  const result: unknown[] = [];
  let next = 0;
  for (const other of others) {
    for (; next < patched.length; next++) {
      const live = patched[next]?.live;
      if (live !== undefined && other.live !== undefined && other.live < live) break;
      result.push(patched[next]?.item);
    }
    result.push(other.item);
  }
  for (; next < patched.length; next++) result.push(patched[next]?.item);
  return result;
}

/** Items are distinguished by the merge key; scalars by themselves, and new ones come last. */
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
