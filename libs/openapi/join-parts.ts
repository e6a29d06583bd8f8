/**
 * From the parts of a document to its bytes: a document of hundreds of resources has tens of
 * megabytes.
 */
import type { Slices } from '@kcp-ts/base';

/** Characters that are encoded at once. */
const pieceLength = 256 * 1024;

/** The texts one after the other, encoded with turns for others in between. */
export async function joinTexts(parts: Iterable<string>, slices: Slices): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let waiting: string[] = [];
  let length = 0;
  for (const part of parts) {
    waiting.push(part);
    length += part.length;
    if (length < pieceLength) continue;
    pieces.push(Buffer.from(waiting.join('')));
    waiting = [];
    length = 0;
    if (slices.due) await slices.pause();
  }
  pieces.push(Buffer.from(waiting.join('')));
  return joinBytes(pieces, slices);
}

/** The bytes one after the other, copied with turns for others in between. */
export async function joinBytes(parts: Iterable<Uint8Array>, slices: Slices): Promise<Uint8Array> {
  const pieces = [...parts];
  const bytes = Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
    if (slices.due) await slices.pause();
  }
  return bytes;
}
