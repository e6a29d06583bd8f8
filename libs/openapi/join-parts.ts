/** From the parts of a document to its bytes: a document of hundreds of resources has tens of megabytes. */
import type { Slices } from '@kcp-ts/base';

/** Characters that are encoded at once. */
const pieceLength = 256 * 1024;

/** The parts one after the other, encoded with turns for others in between. `latin1` is for parts of one character per byte. */
export async function joinParts(
  parts: Iterable<string>,
  encoding: 'utf8' | 'latin1',
  slices: Slices,
): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let waiting: string[] = [];
  let length = 0;
  for (const part of parts) {
    waiting.push(part);
    length += part.length;
    if (length < pieceLength) continue;
    pieces.push(Buffer.from(waiting.join(''), encoding));
    waiting = [];
    length = 0;
    if (slices.due) await slices.pause();
  }
  pieces.push(Buffer.from(waiting.join(''), encoding));
  const bytes = Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    at += piece.copy(bytes, at);
    if (slices.due) await slices.pause();
  }
  return bytes;
}
