/** `$setElementOrder/x`: the order that the patching client wants, joined with that of items it does not know. */
import { isJsonObject, jsonEqual } from '@kcp-ts/schema';
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
 * Items named by `order` keep that order among each other, the others keep theirs; each of the others goes before the first named item
 * that followed it in the live list.
 */
export function orderList({ merged, live, patch, order }: Lists, mergeKey: string | undefined): unknown[] {
  const identity = (item: unknown): unknown => (mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item);
  const positionIn = (list: readonly unknown[]) => {
    const identities = list.map(identity);
    return (item: unknown): number => identities.findIndex((other) => jsonEqual(other, identity(item)));
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
  const named = merged.filter((item) => wanted(item) >= 0).sort((a, b) => wanted(a) - wanted(b));
  const others = merged.filter((item) => wanted(item) < 0);
  let from = 0;
  for (const item of others) {
    const place = before(item);
    let at = from;
    while (at < named.length && before(named[at]) <= place) at++;
    named.splice(at, 0, item);
    from = at + 1;
  }
  return named;
}
