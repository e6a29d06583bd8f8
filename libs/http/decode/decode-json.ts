import { StatusError } from '@kcp-ts/meta';
import type { Decoded, DecodeOptions } from './decode-options.ts';
import { depthMax, prototypeKey, prototypeKeyText } from './decode-options.ts';
import { malformed } from './malformed.ts';
import { JsonSyntaxError, scanJson } from './scan-json.ts';

const quoteByte = 0x22;
const backslashByte = 0x5c;

/** Where the string that begins at `start` ends: the index of its closing quote. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; at++) {
    at = bytes.indexOf(quoteByte, at);
    if (at < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === backslashByte) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

/** Whether objects and arrays nest deeper than the limit; looks at every byte once, so that nothing is built for a hostile body. */
function isTooDeep(bytes: Buffer): boolean {
  if (bytes.length <= depthMax) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quoteByte) at = endOfString(bytes, at);
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      if (depth > depthMax) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasPrototypeKey);
  return Object.hasOwn(value, prototypeKey) || Object.values(value).some(hasPrototypeKey);
}

/** The key may hide behind escapes, so a body with escapes is looked at as well. */
function mayHavePrototypeKey(bytes: Buffer): boolean {
  return bytes.includes(prototypeKey) || bytes.includes('\\u');
}

/**
 * Parses a JSON body; JSON.parse does the work. Throws BadRequest with Kubernetes' texts. Numbers are JavaScript's: integers past 2^53 lose
 * their last digits.
 */
export function decodeJson(body: Uint8Array, options: DecodeOptions): Decoded {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isTooDeep(bytes))
    throw malformed("couldn't get version/kind; json parse error: exceeded max depth", bytes, options.kind);
  const text = bytes.toString('utf8');
  let value: unknown;
  let duplicates: readonly string[] = [];
  try {
    value = JSON.parse(text);
    if (options.strict) duplicates = scanJson(text);
  } catch (error) {
    const reason = reasonOf(text, error);
    if (options.patch === true) throw StatusError.badRequest(`error decoding patch: ${reason}`);
    throw malformed(`couldn't get version/kind; json parse error: ${reason}`, bytes, options.kind);
  }
  if (mayHavePrototypeKey(bytes) && hasPrototypeKey(value)) throw StatusError.badRequest(prototypeKeyText);
  return { value, duplicates };
}

function reasonOf(text: string, error: unknown): string {
  if (error instanceof JsonSyntaxError) return error.message;
  try {
    scanJson(text);
  } catch (inGoWords) {
    if (inGoWords instanceof JsonSyntaxError) return inGoWords.message;
  }
  return 'invalid JSON';
}
