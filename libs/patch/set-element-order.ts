/**
 * `$setElementOrder/x`: the order that the patching client wants, joined with that of items it does
 * not know.
 */
import { identityOf, isJsonObject } from '@kcp-ts/schema';
import { badPatch } from './patch-errors.ts';

interface Lists {
  /** After the patch. */
  readonly merged: readonly unknown[];
  /** Before the patch. */
  readonly live: readonly unknown[];
  /** The list in the patch, where there is one. */
  readonly patch: unknown;
  readonly order: readonly unknown[];
}

/**
 * Items named by `order` keep that order among each other, the others keep theirs; each of the
 * others goes before the first named item that followed it in the live list.
 */
export function orderList({ merged, live, patch, order }: Lists, mergeKey: string | undefined): unknown[] {
  const identity = (item: unknown): string =>
    identityOf((mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item) ?? null);
  const positionIn = (list: readonly unknown[]) => {
    const places = new Map<string, number>();
    for (const [at, item] of list.entries()) {
      const id = identity(item);
      if (!places.has(id)) places.set(id, at);
    }
    return (item: unknown): number => places.get(identity(item)) ?? -1;
  };
  const wanted = positionIn(order);
  const before = positionIn(live);
  if (Array.isArray(patch)) {
    for (const item of patch) {
      const special = isJsonObject(item) && item['$patch'] !== undefined;
      if (!special && wanted(item) < 0) {
        const texts = [JSON.stringify(patch), JSON.stringify(order)];
        throw badPatch(`The order in patch list:\n${texts[0]}\n doesn't match $setElementOrder list:\n${texts[1]}\n`);
      }
    }
  }
  const placed = merged.map((item) => ({ item, wanted: wanted(item), before: before(item) }));
  const named = placed.filter((item) => item.wanted >= 0).sort((a, b) => a.wanted - b.wanted);
  const result: unknown[] = [];
  let next = 0;
  for (const other of placed) {
    if (other.wanted >= 0) continue;
    for (let item = named[next]; item !== undefined && item.before <= other.before; item = named[++next])
      result.push(item.item);
    result.push(other.item);
  }
  for (; next < named.length; next++) result.push(named[next]?.item);
  return result;
}
