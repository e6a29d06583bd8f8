/**
 * The metadata of a stored object without its rest: selectors look at labels and names, and objects
 * are up to 1.5 MB. The JSON is our own (made by JSON.stringify), so it has no spaces between its
 * tokens and need not be checked.
 */
import { parseStoredPart, storedHeaderBytes } from './stored-value.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const metadataKey = Buffer.from('"metadata":');
/** Strings longer than this are left to a native search. */
const shortString = 48;

/** The index behind the string that begins at `start`. */
function afterString(bytes: Buffer, start: number): number {
  const nearby = Math.min(bytes.length, start + shortString);
  for (let at = start + 1; at < nearby; at++) {
    const byte = bytes[at];
    if (byte === quote) return at + 1;
    if (byte === backslash) at++;
    // An escape at the edge is left to the search, which looks back for backslashes.
  }
  for (let at = start + 1; ; at++) {
    at = bytes.indexOf(quote, at);
    if (at < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === backslash) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/** The index behind the value that begins at `start`. */
function afterValue(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; ) {
    const byte = bytes[at];
    if (byte === quote) {
      at = afterString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      // A number, or another word, at the end of the object.
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (byte === comma && depth === 0) return at;
    at++;
  }
  return bytes.length;
}

/** The JSON of `metadata`, a view of the value; undefined where the object has none. */
export function storedMetadataJson(value: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  for (let at = storedHeaderBytes + 1; at < bytes.length && bytes[at] === quote; ) {
    const found = bytes.compare(metadataKey, 0, metadataKey.length, at, at + metadataKey.length) === 0;
    const begin = afterString(bytes, at) + 1;
    const end = afterValue(bytes, begin);
    if (found) return bytes.subarray(begin, end);
    at = end + 1;
  }
  return undefined;
}

/** `metadata`, parsed at each call: the caller may change it. */
export function parseStoredMetadata<T>(value: Uint8Array): T {
  const json = storedMetadataJson(value);
  return (json === undefined ? {} : parseStoredPart(value, json)) as T;
}
