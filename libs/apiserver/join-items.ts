const comma = 0x2c;
const openBrace = 0x7b;

/**
 * Items with commas between them, behind `head`, in one buffer. `leadingComma`: items went before
 * them.
 */
export function joinItems(
  head: Uint8Array,
  items: readonly Uint8Array[],
  tail: Uint8Array,
  leadingComma: boolean,
): Uint8Array {
  const separateFirst = leadingComma && items.length > 0;
  let size = head.length + tail.length + (separateFirst ? 1 : 0) + Math.max(0, items.length - 1);
  for (const item of items) size += item.length;
  const body = Buffer.allocUnsafe(size);
  body.set(head, 0);
  let at = head.length;
  let separate = separateFirst;
  for (const item of items) {
    if (separate) body[at++] = comma;
    separate = true;
    body.set(item, at);
    // An item may come without the brace that it begins with (`listedJson`).
    body[at] = openBrace;
    at += item.length;
  }
  body.set(tail, at);
  return body;
}
