/**
 * A stored value is a short header and then the JSON that is served: eight bytes of the fingerprint
 * of the definition (API version and schema) that the object was normalised under, one byte of
 * flags, and the object. Where the fingerprint is the current one a GET copies bytes.
 */

import { hasLongNumbers, parseJson } from '@kcp-ts/base';

/** Where the object's JSON begins. */
export const storedHeaderBytes = 9;

const fingerprintBytes = 8;

/** The object has finalizers. */
export const flagFinalizers = 1;
/** The object has a deletionTimestamp. */
export const flagDeleting = 2;

/** The JSON has numbers that need `parseJson`: who reads others need not look for them. */
const flagLongNumbers = 4;

/** Joins header and JSON text; `fingerprint` is the first 16 hex digits of a hash. */
export function encodeStored(fingerprint: string, flags: number, json: string): Uint8Array {
  const value = Buffer.allocUnsafe(storedHeaderBytes + Buffer.byteLength(json));
  value.write(fingerprint, 0, fingerprintBytes, 'hex');
  value[fingerprintBytes] = flags | (hasLongNumbers(json) ? flagLongNumbers : 0);
  value.write(json, storedHeaderBytes);
  return value;
}

/** The object's JSON; a view, not a copy. */
export function storedJson(value: Uint8Array): Uint8Array {
  return value.subarray(storedHeaderBytes);
}

export function storedFlags(value: Uint8Array): number {
  return value[fingerprintBytes] ?? 0;
}

/** The fingerprint that a value was stored with. */
export function storedFingerprint(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, fingerprintBytes)).toString('hex');
}

function hexDigit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

/**
 * Whether the object was normalised under the definition with this fingerprint (16 lower-case hex
 * digits). Asked for every object of every list: it makes nothing.
 */
export function hasFingerprint(value: Uint8Array, fingerprint: string): boolean {
  for (let i = 0; i < fingerprintBytes; i++) {
    const byte = hexDigit(fingerprint.charCodeAt(2 * i)) * 16 + hexDigit(fingerprint.charCodeAt(2 * i + 1));
    if (value[i] !== byte) return false;
  }
  return true;
}

/** Parses JSON that is part of a stored value. */
export function parseStoredPart(value: Uint8Array, json: Uint8Array): unknown {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
  return (storedFlags(value) & flagLongNumbers) === 0 ? JSON.parse(text) : parseJson(text);
}

/** The object, parsed at each call: the caller may change it. Integers beyond 2^53 are bigints. */
export function parseStored<T>(value: Uint8Array): T {
  return parseStoredPart(value, storedJson(value)) as T;
}

/** Whether a stored object has a text anywhere, without parsing it. */
export function hasText(value: Uint8Array, text: string): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(text);
}
