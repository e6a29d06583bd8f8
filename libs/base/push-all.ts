/**
 * Appends all of `items`: unlike `list.push(...items)` also more than a call has room for
 * arguments, some 120,000.
 */
export function pushAll<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item);
}
