import { StatusError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { withoutLongNumbers } from '@kcp-ts/base';
import type { Decoded, DecodeOptions } from './decode-options.ts';
import {
  containersMax,
  depthMax,
  longNumbersMax,
  membersMax,
  namesMax,
  prototypeKey,
  prototypeKeyText,
} from './decode-options.ts';
import { malformed } from './malformed.ts';
import { JsonSyntaxError, scanJson } from './scan-json.ts';

const quoteByte = 0x22;
const backslashByte = 0x5c;
const shortString = 48;

/** Where the string that begins at `start` ends: the index of its closing quote. */
function endOfString(bytes: Buffer, start: number): number {
  // Most strings are short, and a native search costs as much as some dozens of bytes.
  const nearby = Math.min(bytes.length, start + shortString);
  for (let at = start + 1; at < nearby; at++) {
    const byte = bytes[at];
    if (byte === quoteByte) return at;
    if (byte === backslashByte) at++;
  }
  for (let at = start + 1; ; at++) {
    at = bytes.indexOf(quoteByte, at);
    if (at < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === backslashByte) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** No integer with fewer digits is beyond what JSON.parse reads exactly. */
const longDigits = 16;

/**
 * For digits from `start` to before `end`: how many numbers that JSON.parse cannot read they count
 * as.
 */
function longNumbersOf(bytes: Buffer, start: number, end: number): number {
  if (end - start >= longDigits) return Math.floor((end - start) / longDigits);
  if (end - start < 3) return 0;
  const before = bytes[start - 1] === 0x2b ? bytes[start - 2] : bytes[start - 1];
  return before === 0x65 || before === 0x45 ? 1 : 0;
}

interface Counts {
  readonly depth: number;
  readonly members: number;
  readonly containers: number;
  /** Integers of 16 digits and more, and exponents of three. */
  readonly longNumbers: number;
}

/**
 * Looks at every byte once, and no further than the first bound that is exceeded, so that nothing
 * is built for a hostile body.
 */
function countsOf(bytes: Buffer): Counts {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let containers = 0;
  let longNumbers = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quoteByte) at = endOfString(bytes, at);
    else if (byte === 0x3a) members++;
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      containers++;
      if (depth > deepest) deepest = depth;
      if (depth > depthMax || containers > containersMax) break;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (isDigit(byte)) {
      const start = at;
      while (isDigit(bytes[at + 1])) at++;
      longNumbers += longNumbersOf(bytes, start, at + 1);
    }
  }
  return { depth: deepest, members, containers, longNumbers };
}

const hashBits = 20;

/**
 * About how many different names members have; different ones may count as one, never one as two.
 */
function differentNames(bytes: Buffer): number {
  const seen = new Uint8Array(1 << (hashBits - 3));
  let names = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== quoteByte) continue;
    const end = endOfString(bytes, at);
    let after = end + 1;
    while (bytes[after] === 0x20 || bytes[after] === 0x0a || bytes[after] === 0x0d || bytes[after] === 0x09) after++;
    if (bytes[after] === 0x3a) {
      let hash = 0x811c9dc5;
      for (let i = at + 1; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
      const bit = (hash ^ (hash >>> hashBits)) & ((1 << hashBits) - 1);
      const mask = 1 << (bit & 7);
      const byte = seen[bit >>> 3] ?? 0;
      if ((byte & mask) === 0) {
        seen[bit >>> 3] = byte | mask;
        names++;
      }
    }
    at = end;
  }
  return names;
}

function tooManyParts(): StatusError {
  return new StatusError(
    'RequestEntityTooLarge',
    `Request entity is too large: limit is ${namesMax} different field names, ${containersMax} objects and lists, and ${longNumbersMax} long numbers`,
  );
}

/** Throws for what exceeds a bound. */
function checkCounts(bytes: Buffer, options: DecodeOptions): Counts {
  const counts = countsOf(bytes);
  if (counts.depth > depthMax)
    throw malformed("couldn't get version/kind; json parse error: exceeded max depth", bytes, options);
  if (
    counts.containers > containersMax ||
    counts.members > membersMax ||
    counts.longNumbers > longNumbersMax ||
    (counts.members > namesMax && differentNames(bytes) > namesMax)
  )
    throw tooManyParts();
  return counts;
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') members += membersOf(item);
    return members;
  }
  for (const key in value) {
    members++;
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof member === 'object') members += membersOf(member);
  }
  return members;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasPrototypeKey);
  return Object.hasOwn(value, prototypeKey) || Object.values(value).some(hasPrototypeKey);
}

/** The key may hide behind escapes, so a body with escapes is looked at as well. */
function mayHavePrototypeKey(text: string): boolean {
  return text.includes(prototypeKey) || text.includes('\\u');
}

function runAll<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

async function runInSlices<Result>(steps: Generator<undefined, Result>, slices: Slices): Promise<Result> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}

/** A body of less than this is parsed at once: each part of that takes a millisecond at most. */
const smallBytes = 64 * 1024;

interface Parsed {
  readonly value: unknown;
  readonly text: string;
  /** Some object has a key twice: the parser has dropped what came first. */
  readonly doubled: boolean;
}

/**
 * The text alone where it is no JSON. Yields between the parts that may each take some tens of
 * milliseconds.
 */
function* parseParts(bytes: Buffer, options: DecodeOptions): Generator<undefined, Parsed | { readonly wrong: string }> {
  const { members, longNumbers } = checkCounts(bytes, options);
  yield;
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    if (longNumbers === 0) value = JSON.parse(text);
    else {
      const { text: rest, restore } = withoutLongNumbers(text);
      yield;
      value = restore(JSON.parse(rest));
    }
  } catch {
    return { wrong: text };
  }
  yield;
  if (mayHavePrototypeKey(text) && hasPrototypeKey(value)) throw StatusError.badRequest(prototypeKeyText);
  return { value, text, doubled: options.strict && members > membersOf(value) };
}

function failure(bytes: Buffer, options: DecodeOptions, reason: string): StatusError {
  if (options.as === 'patch') return StatusError.badRequest(`error decoding patch: ${reason}`);
  return malformed(`couldn't get version/kind; json parse error: ${reason}`, bytes, options);
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof JsonSyntaxError ? thrown.message : 'invalid JSON';
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/**
 * Parses a JSON body; JSON.parse does the work, and which keys are doubled is looked for where the
 * text has more members than the value. Throws BadRequest with Kubernetes' texts, and
 * RequestEntityTooLarge. Numbers are read as `parseJson` reads them: integers of up to 64 bits are
 * exact.
 */
export function decodeJson(body: Uint8Array, options: DecodeOptions): Decoded {
  const bytes = asBuffer(body);
  const parsed = runAll(parseParts(bytes, options));
  if (!('wrong' in parsed))
    return { value: parsed.value, duplicates: parsed.doubled ? runAll(scanJson(parsed.text)) : [] };
  let reason = 'invalid JSON';
  try {
    runAll(scanJson(parsed.wrong));
  } catch (thrown) {
    reason = reasonOf(thrown);
  }
  throw failure(bytes, options, reason);
}

/** As `decodeJson`, for bodies that may be large: others get their turns. */
export async function decodeJsonInSlices(body: Uint8Array, options: DecodeOptions, slices: Slices): Promise<Decoded> {
  const bytes = asBuffer(body);
  const parts = parseParts(bytes, options);
  const parsed = bytes.length < smallBytes ? runAll(parts) : await runInSlices(parts, slices);
  if (slices.due) await slices.pause();
  if (!('wrong' in parsed))
    return { value: parsed.value, duplicates: parsed.doubled ? await runInSlices(scanJson(parsed.text), slices) : [] };
  let reason = 'invalid JSON';
  try {
    await runInSlices(scanJson(parsed.wrong), slices);
  } catch (thrown) {
    reason = reasonOf(thrown);
  }
  throw failure(bytes, options, reason);
}
