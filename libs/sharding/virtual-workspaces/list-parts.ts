/**
 * A shard's list in three parts: its head, its items as they are, its tail. Items are never parsed.
 */

import { StatusError } from '@kcp-ts/api';
import type { UpstreamAnswer } from '@kcp-ts/http';

export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly continue?: string };
}

export interface ListParts {
  /** Without its items. */
  readonly head: ListHead;
  /** What the items stand under: `items`, or the `rows` of a Table. */
  readonly under: 'items' | 'rows';
  /**
   * The items' bytes with the commas between them, as they come. Throws where the list ends early.
   */
  items(): AsyncIterable<Uint8Array>;
}

const markers = [
  ['items', Buffer.from('"items":[')],
  ['rows', Buffer.from('"rows":[')],
] as const;
const tail = Buffer.from(']}');
const headBytesMax = 1024 * 1024;

function notList(): StatusError {
  return new StatusError('NotAcceptable', 'only the following media types are accepted: application/json');
}

/** Reads up to the first item. */
export async function openList({ headers, body }: UpstreamAnswer): Promise<ListParts> {
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('application/json')) {
    body.destroy();
    throw notList();
  }
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    for (const [under, marker] of markers) {
      const at = bytes.indexOf(marker);
      if (at < 0) continue;
      const begin = at + marker.length;
      const head = JSON.parse(`${bytes.toString('utf8', 0, begin)}]}`) as ListHead;
      return { head, under, items: () => itemsOf(bytes.subarray(begin), chunks) };
    }
    const next = await chunks.next();
    if (next.done === true || bytes.length > headBytesMax) throw notList();
    bytes = Buffer.concat([bytes, next.value]);
  }
}

async function* itemsOf(first: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array> {
  // The last two bytes that have come may be the list's own tail.
  let held = first;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) break;
    if (held.length > tail.length) yield held.subarray(0, held.length - tail.length);
    held = Buffer.concat([held.subarray(Math.max(0, held.length - tail.length)), next.value]);
  }
  const end = held.length - tail.length;
  if (end < 0 || !held.subarray(end).equals(tail)) throw new Error('the list of a shard ended early');
  if (end > 0) yield held.subarray(0, end);
}

/** The text before the first item of the whole list. */
export function headText({ head, under }: ListParts, metadata: Readonly<Record<string, string>>): string {
  const text = JSON.stringify({ ...head, metadata, [under]: [] });
  return text.slice(0, text.length - tail.length);
}
