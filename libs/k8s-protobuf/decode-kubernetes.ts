/** Decodes Kubernetes' protobuf envelope (`k8s\0`, then runtime.Unknown) into the object as JSON has it. Bounded by the body's own bound. */

import { Budget, StatusError } from '@kcp-ts/api';
import { jsonInteger } from '@kcp-ts/base';
import { decodeJson } from '@kcp-ts/http';
import type { FieldType, Message } from './common-messages.ts';
import { messages } from './messages.ts';

const magic = Buffer.from('k8s\0');
/** A level of a schema in a CRD is two of them. */
const depthMax = 200;

interface Field {
  readonly number: number;
  readonly value: number | bigint | Uint8Array;
}

function malformed(): StatusError {
  return StatusError.badRequest('the body of the request is not a valid Kubernetes protobuf message');
}

/** A varint of up to 64 bits with a sign. */
function varint(bytes: Uint8Array, at: number): { readonly value: number | bigint; readonly next: number } {
  // Nearly all are small.
  let small = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at + shift / 7];
    if (byte === undefined) throw malformed();
    small |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: small, next: at + shift / 7 + 1 };
  }
  let value = 0n;
  for (let shift = 0n, i = at; i < bytes.length && shift < 70n; i++, shift += 7n) {
    const byte = bytes[i] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value: jsonInteger(BigInt.asIntN(64, value)), next: i + 1 };
  }
  throw malformed();
}

/** Fields of one body, in all messages in it: each costs as much as some dozens of bytes. */
const fieldsMax = 100_000;

function tooManyFields(): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity is too large: limit is ${fieldsMax} fields`);
}

function* fieldsOf(bytes: Uint8Array, budget: Budget): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    budget.spend(1);
    const key = varint(bytes, at);
    const tag = Number(key.value);
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0: {
        const { value, next } = varint(bytes, key.next);
        at = next;
        yield { number, value };
        break;
      }
      case 1: {
        at = key.next + 8;
        if (at > bytes.length) throw malformed();
        const value = Buffer.from(bytes.buffer, bytes.byteOffset + key.next, 8).readDoubleLE();
        // JSON has no word for it.
        if (!Number.isFinite(value)) throw malformed();
        yield { number, value };
        break;
      }
      case 2: {
        const length = varint(bytes, key.next);
        at = length.next + Number(length.value);
        if (length.value < 0 || at > bytes.length) throw malformed();
        yield { number, value: bytes.subarray(length.next, at) };
        break;
      }
      default:
        throw malformed();
    }
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function timeOf(bytes: Uint8Array, micro: boolean, budget: Budget): string | null {
  let seconds = 0;
  let nanos = 0;
  for (const { number, value } of fieldsOf(bytes, budget)) {
    if (typeof value !== 'number') continue;
    if (number === 1) seconds = value;
    if (number === 2) nanos = value;
  }
  const whole = new Date(seconds * 1000);
  // Go's zero time, sent as an empty message, is no time at all.
  if ((seconds === 0 && nanos === 0) || Number.isNaN(whole.getTime())) return null;
  const base = whole.toISOString().slice(0, 19);
  return micro ? `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`;
}

function stringsOf(bytes: Uint8Array, budget: Budget): string[] {
  const found: string[] = [];
  for (const { number, value } of fieldsOf(bytes, budget))
    if (number === 1 && value instanceof Uint8Array) found.push(text(value));
  return found;
}

/** Bytes of JSON that cost as much as a field. */
const jsonBytesPerField = 32;

function jsonOf(bytes: Uint8Array, budget: Budget): unknown {
  let raw: Uint8Array = new Uint8Array();
  for (const { number, value } of fieldsOf(bytes, budget)) if (number === 1 && value instanceof Uint8Array) raw = value;
  budget.spend(Math.ceil(raw.byteLength / jsonBytesPerField));
  return decodeJson(raw, { strict: false }).value;
}

function isNumeric(type: FieldType): boolean {
  return type === 'bool' || type === 'flag' || type === 'int' || type === 'count' || type === 'double';
}

function numeric(type: FieldType, value: number | bigint): unknown {
  switch (type) {
    case 'bool':
      return Boolean(value);
    case 'flag':
      return value ? true : null;
    case 'count':
      return value === 0 ? null : value;
    default:
      return value;
  }
}

function scalar(type: FieldType, value: number | bigint | Uint8Array, depth: number, budget: Budget): unknown {
  if (isNumeric(type)) {
    if (value instanceof Uint8Array) throw malformed();
    return numeric(type, value);
  }
  if (!(value instanceof Uint8Array)) throw malformed();
  switch (type) {
    case 'string':
    case 'optional-string':
      return text(value);
    case 'bytes':
      return Buffer.from(value).toString('base64');
    case 'quantity':
      return stringsOf(value, budget)[0] ?? '0';
    case 'strings':
      return stringsOf(value, budget);
    case 'time':
      return timeOf(value, false, budget);
    case 'micro-time':
      return timeOf(value, true, budget);
    case 'json':
      return jsonOf(value, budget);
    default: {
      if (typeof type === 'string' || !('message' in type)) throw malformed();
      const decoded = messageOf(type.message(), value, depth + 1, budget);
      return 'form' in type ? type.form(decoded) : decoded;
    }
  }
}

function putEntry(
  target: Record<string, unknown>,
  type: FieldType,
  bytes: Uint8Array,
  depth: number,
  budget: Budget,
): void {
  let key = '';
  let value: unknown = scalar(type, isNumeric(type) ? 0 : new Uint8Array(), depth, budget);
  for (const field of fieldsOf(bytes, budget)) {
    if (field.number === 1 && field.value instanceof Uint8Array) key = text(field.value);
    if (field.number === 2) value = scalar(type, field.value, depth, budget);
  }
  if (key === '__proto__') throw malformed();
  target[key] = value;
}

/** Empty strings and nulls are Go's zero values: absent in JSON, but for a pointer to one. */
function isZero(type: FieldType, value: unknown): boolean {
  return value === null || (value === '' && type !== 'optional-string');
}

function messageOf(message: Message, bytes: Uint8Array, depth: number, budget: Budget): Record<string, unknown> {
  if (depth > depthMax) throw malformed();
  const object: Record<string, unknown> = {};
  for (const { number, value } of fieldsOf(bytes, budget)) {
    const field = message[number];
    if (field === undefined) continue;
    const [name, type] = field;
    if (typeof type === 'object' && 'list' in type) {
      object[name] ??= [];
      (object[name] as unknown[]).push(scalar(type.list, value, depth, budget));
    } else if (typeof type === 'object' && 'map' in type) {
      if (!(value instanceof Uint8Array)) throw malformed();
      object[name] ??= {};
      putEntry(object[name] as Record<string, unknown>, type.map, value, depth, budget);
    } else if (typeof type === 'object' && 'inline' in type) {
      if (!(value instanceof Uint8Array)) throw malformed();
      Object.assign(object, messageOf(type.inline, value, depth + 1, budget));
    } else {
      const decoded = scalar(type, value, depth, budget);
      if (!isZero(type, decoded)) object[name] = decoded;
    }
  }
  return object;
}

interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

function envelopeOf(bytes: Uint8Array, budget: Budget): Envelope {
  if (bytes.length < magic.length || !magic.equals(bytes.subarray(0, magic.length))) throw malformed();
  // Of what is said again and again the last one counts: that alone becomes text.
  let apiVersion: Uint8Array = new Uint8Array();
  let kind: Uint8Array = new Uint8Array();
  let raw: Uint8Array = new Uint8Array();
  for (const { number, value } of fieldsOf(bytes.subarray(magic.length), budget)) {
    if (!(value instanceof Uint8Array)) continue;
    if (number === 2) raw = value;
    if (number !== 1) continue;
    for (const part of fieldsOf(value, budget)) {
      if (part.number === 1 && part.value instanceof Uint8Array) apiVersion = part.value;
      if (part.number === 2 && part.value instanceof Uint8Array) kind = part.value;
    }
  }
  return { apiVersion: text(apiVersion), kind: text(kind), raw };
}

/** The object in a protobuf body; undefined for a kind that is not read in this form. Throws StatusError BadRequest for what is malformed. */
export function decodeKubernetes(bytes: Uint8Array): Record<string, unknown> | undefined {
  const budget = new Budget(fieldsMax, tooManyFields);
  const { apiVersion, kind, raw } = envelopeOf(bytes, budget);
  // Options travel in the version of the group they are sent to.
  const message =
    messages[`${apiVersion}/${kind}`] ?? (kind === 'DeleteOptions' ? messages['v1/DeleteOptions'] : undefined);
  return message === undefined ? undefined : { apiVersion, kind, ...messageOf(message, raw, 0, budget) };
}
