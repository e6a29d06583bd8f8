/**
 * Decodes Kubernetes' protobuf envelope (`k8s\0`, then runtime.Unknown) into the object as JSON has
 * it. Bounded by the body's own bound.
 */

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Budget, StatusError } from '@kcp-ts/api';
import { jsonInteger } from '@kcp-ts/base';
import { decodeJson } from '@kcp-ts/http';
import type { FieldType, Message, Messages } from './message.ts';

const magic = Buffer.from('k8s\0');
/** A level of a schema in a CRD is two of them. */
const depthMax = 200;

function malformed(): StatusError {
  return StatusError.badRequest('the body of the request is not a valid Kubernetes protobuf message');
}

/** Fields of one body, in all messages in it: each costs as much as some dozens of bytes. */
const fieldsMax = 100_000;

function tooManyFields(): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity is too large: limit is ${fieldsMax} fields`);
}

/**
 * A body that is being read. One reader for all messages in it: one for each would cost more than
 * the message.
 */
interface Source {
  readonly bytes: Buffer;
  readonly reader: BinaryReader;
  readonly budget: Budget;
}

/** Calls `visit` for each field up to `end`, which reads its value. */
function eachField(source: Source, end: number, visit: (number: number, wireType: WireType) => void): void {
  const { reader, budget } = source;
  while (reader.pos < end) {
    budget.spend(1);
    const [number, wireType] = reader.tag();
    visit(number, wireType);
  }
  if (reader.pos > end) throw malformed();
}

/** Reads the length of a value that has one; returns where it ends. */
function endOf({ reader }: Source, wireType: WireType): number {
  if (wireType !== WireType.LengthDelimited) throw malformed();
  const begin = reader.pos;
  const length = reader.uint32();
  // It drops what is above 32 bits.
  if (reader.pos - begin > 5) throw malformed();
  if (reader.pos + length > reader.len) throw malformed();
  return reader.pos + length;
}

function skip(source: Source, wireType: WireType): void {
  const { reader } = source;
  if (wireType === WireType.Varint || wireType === WireType.Bit64) reader.skip(wireType);
  else reader.pos = endOf(source, wireType);
}

function numberOf({ bytes, reader }: Source, wireType: WireType): number | bigint {
  if (wireType === WireType.Bit64) {
    const value = reader.double();
    // JSON has no word for it.
    if (!Number.isFinite(value)) throw malformed();
    return value;
  }
  if (wireType !== WireType.Varint) throw malformed();
  const byte = bytes[reader.pos];
  // Nearly all are small.
  if (byte === undefined || byte >= 0x80) return jsonInteger(BigInt(reader.int64()));
  reader.pos++;
  return byte;
}

function textOf({ bytes, reader }: Source, end: number, encoding: 'utf8' | 'base64' = 'utf8'): string {
  const start = reader.pos;
  reader.pos = end;
  return bytes.toString(encoding, start, end);
}

function timeOf(source: Source, end: number, micro: boolean): string | null {
  const parts = [0, 0];
  eachField(source, end, (number, wireType) => {
    if (wireType !== WireType.Varint) {
      skip(source, wireType);
      return;
    }
    const value = numberOf(source, wireType);
    if (typeof value === 'number' && (number === 1 || number === 2)) parts[number - 1] = value;
  });
  const [seconds = 0, nanos = 0] = parts;
  const whole = new Date(seconds * 1000);
  // Go's zero time, sent as an empty message, is no time at all.
  if ((seconds === 0 && nanos === 0) || Number.isNaN(whole.getTime())) return null;
  const base = whole.toISOString().slice(0, 19);
  return micro ? `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`;
}

function textsOf(source: Source, end: number): string[] {
  const found: string[] = [];
  eachField(source, end, (number, wireType) => {
    if (number === 1 && wireType === WireType.LengthDelimited) found.push(textOf(source, endOf(source, wireType)));
    else skip(source, wireType);
  });
  return found;
}

/** Bytes of JSON that cost as much as a field. */
const jsonBytesPerField = 32;

function jsonOf(source: Source, end: number): unknown {
  let raw: Uint8Array = new Uint8Array();
  eachField(source, end, (number, wireType) => {
    if (number === 1 && wireType === WireType.LengthDelimited) raw = source.reader.bytes();
    else skip(source, wireType);
  });
  source.budget.spend(Math.ceil(raw.byteLength / jsonBytesPerField));
  return decodeJson(raw, { strict: false }).value;
}

type NumericType = 'bool' | 'flag' | 'int' | 'count' | 'double';

function isNumeric(type: FieldType): type is NumericType {
  return type === 'bool' || type === 'flag' || type === 'int' || type === 'count' || type === 'double';
}

function numeric(type: NumericType, value: number | bigint): unknown {
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

/** A value that has a length, up to its end. */
function delimited(source: Source, type: Exclude<FieldType, NumericType>, end: number, depth: number): unknown {
  switch (type) {
    case 'string':
    case 'optional-string':
      return textOf(source, end);
    case 'bytes':
      return textOf(source, end, 'base64');
    case 'quantity':
      return textsOf(source, end)[0] ?? '0';
    case 'strings':
      return textsOf(source, end);
    case 'time':
      return timeOf(source, end, false);
    case 'micro-time':
      return timeOf(source, end, true);
    case 'json':
      return jsonOf(source, end);
    default: {
      if (!('message' in type)) throw malformed();
      const decoded = messageOf(source, type.message(), end, depth + 1);
      return 'form' in type ? type.form(decoded) : decoded;
    }
  }
}

function scalar(source: Source, type: FieldType, wireType: WireType, depth: number): unknown {
  return isNumeric(type)
    ? numeric(type, numberOf(source, wireType))
    : delimited(source, type, endOf(source, wireType), depth);
}

/** One entry of a map: key 1, value 2, either of which is left out if it is its type's zero. */
function putEntry(
  source: Source,
  target: Record<string, unknown>,
  type: FieldType,
  wireType: WireType,
  depth: number,
): void {
  const end = endOf(source, wireType);
  let key = '';
  let value: unknown;
  let given = false;
  eachField(source, end, (number, partType) => {
    if (number === 1 && partType === WireType.LengthDelimited) key = textOf(source, endOf(source, partType));
    else if (number === 2) {
      value = scalar(source, type, partType, depth);
      given = true;
    } else skip(source, partType);
  });
  if (!given) value = isNumeric(type) ? numeric(type, 0) : delimited(source, type, end, depth);
  if (key === '__proto__') throw malformed();
  target[key] = value;
}

/** Empty strings and nulls are Go's zero values: absent in JSON, but for a pointer to one. */
function isZero(type: FieldType, value: unknown): boolean {
  return value === null || (value === '' && type !== 'optional-string');
}

function messageOf(source: Source, message: Message, end: number, depth: number): Record<string, unknown> {
  if (depth > depthMax) throw malformed();
  const object: Record<string, unknown> = {};
  eachField(source, end, (number, wireType) => {
    const field = message[number];
    if (field === undefined) {
      skip(source, wireType);
      return;
    }
    const [name, type] = field;
    if (typeof type === 'object' && 'list' in type) {
      object[name] ??= [];
      (object[name] as unknown[]).push(scalar(source, type.list, wireType, depth));
    } else if (typeof type === 'object' && 'map' in type) {
      object[name] ??= {};
      putEntry(source, object[name] as Record<string, unknown>, type.map, wireType, depth);
    } else if (typeof type === 'object' && 'inline' in type) {
      Object.assign(object, messageOf(source, type.inline, endOf(source, wireType), depth + 1));
    } else {
      const decoded = scalar(source, type, wireType, depth);
      if (!isZero(type, decoded)) object[name] = decoded;
    }
  });
  return object;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Span;
}

function spanOf(source: Source, wireType: WireType): Span {
  const end = endOf(source, wireType);
  const start = source.reader.pos;
  source.reader.pos = end;
  return { start, end };
}

function envelopeOf(source: Source): Envelope {
  const { bytes, reader } = source;
  if (bytes.length < magic.length || !magic.equals(bytes.subarray(0, magic.length))) throw malformed();
  reader.pos = magic.length;
  const nothing = { start: bytes.length, end: bytes.length };
  // Of what is said again and again the last one counts: that alone becomes text.
  const found = { apiVersion: nothing, kind: nothing, raw: nothing };
  eachField(source, reader.len, (number, wireType) => {
    if (wireType !== WireType.LengthDelimited || number > 2) skip(source, wireType);
    else if (number === 2) found.raw = spanOf(source, wireType);
    else
      eachField(source, endOf(source, wireType), (part, partType) => {
        if (partType !== WireType.LengthDelimited || part > 2) skip(source, partType);
        else if (part === 1) found.apiVersion = spanOf(source, partType);
        else found.kind = spanOf(source, partType);
      });
  });
  const text = ({ start, end }: Span) => bytes.toString('utf8', start, end);
  return { apiVersion: text(found.apiVersion), kind: text(found.kind), raw: found.raw };
}

function decode(source: Source, messages: Messages): Record<string, unknown> | undefined {
  const { apiVersion, kind, raw } = envelopeOf(source);
  // Options travel in the version of the group they are sent to.
  const message =
    messages[`${apiVersion}/${kind}`] ?? (kind === 'DeleteOptions' ? messages['v1/DeleteOptions'] : undefined);
  if (message === undefined) return undefined;
  source.reader.pos = raw.start;
  return { apiVersion, kind, ...messageOf(source, message, raw.end, 0) };
}

/**
 * The object in a protobuf body; undefined for a kind that is not among the messages. Throws
 * StatusError BadRequest for what is malformed.
 */
export function decodeKubernetes(messages: Messages, body: Uint8Array): Record<string, unknown> | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  try {
    return decode({ bytes, reader: new BinaryReader(bytes), budget: new Budget(fieldsMax, tooManyFields) }, messages);
  } catch (error) {
    // The reader throws plain errors for what is cut off or no number.
    if (error instanceof StatusError || error instanceof TypeError) throw error;
    throw malformed();
  }
}
