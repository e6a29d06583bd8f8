/**
 * Encodes objects, as parsed from JSON, into Kubernetes' protobuf envelope (`k8s\0`, then
 * runtime.Unknown), with the tables that request bodies are decoded with. A field that is present
 * in JSON is written even if it has its zero value, since it may be a pointer in Go. The encoder is
 * a generator that yields regularly, so that a large object can be encoded in slices.
 */
import type { Slices } from '@kcp-ts/base';
import { unreachable } from '@kcp-ts/base';
import type { FieldType, Message } from './common-messages.ts';
import { messages } from './messages.ts';
import { listMeta } from './meta-messages.ts';
import type { Encoded } from './wire.ts';
import { integerField, messageField, messageStart, presentDoubleField, utf8 } from './wire.ts';

const magic = 'k8s\0';
const rawField = 2;
const itemsField = 2;

interface NamedField {
  readonly number: number;
  readonly type: FieldType;
}

/** Fields by their names in JSON, and messages whose fields JSON has in the same object. */
interface NamedFields {
  readonly own: ReadonlyMap<string, NamedField>;
  readonly inline: readonly { readonly number: number; readonly message: Message }[];
}

const named = new WeakMap<Message, NamedFields>();

function fieldsOf(message: Message): NamedFields {
  const known = named.get(message);
  if (known !== undefined) return known;
  const own = new Map<string, NamedField>();
  const inline: { number: number; message: Message }[] = [];
  for (const [key, [name, type]] of Object.entries(message) as [string, Message[number]][]) {
    const number = Number(key);
    if (typeof type === 'object' && 'inline' in type) inline.push({ number, message: type.inline });
    else own.set(name, { number, type });
  }
  const fields = { own, inline };
  named.set(message, fields);
  return fields;
}

/** google.protobuf.Timestamp's fields, which are those of Time and MicroTime. */
function timestamp(text: string): Encoded {
  const milliseconds = Date.parse(text);
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return integerField(1, seconds) + integerField(2, Number(fraction.padEnd(9, '0')));
}

function textsOf(values: readonly string[]): Encoded {
  let encoded = '';
  for (const value of values) encoded += messageField(1, utf8(value));
  return encoded;
}

/** Messages encoded between two yields: far less than a millisecond of work. */
const messagesPerYield = 100;

/** How many messages have been encoded. */
interface Progress {
  messages: number;
}

type Encoding = Generator<void, Encoded>;

/** Encodes a value other than a message. Null, in a list or map, is the zero value. */
function scalar(number: number, type: Extract<FieldType, string>, value: unknown): Encoded {
  switch (type) {
    case 'string':
    case 'optional-string':
      return messageField(number, utf8((value ?? '') as string));
    case 'bytes':
      return messageField(number, Buffer.from((value ?? '') as string, 'base64').toString('latin1'));
    case 'bool':
    case 'flag':
      return integerField(number, value === true ? 1 : 0);
    case 'int':
    case 'count':
      return integerField(number, (value ?? 0) as number | bigint);
    case 'double':
      return presentDoubleField(number, Number(value));
    case 'time':
    case 'micro-time':
      return messageField(number, value === null ? '' : timestamp(value as string));
    case 'quantity':
      return messageField(number, messageField(1, utf8(String(value ?? '0'))));
    case 'strings':
      return messageField(number, textsOf((value ?? []) as readonly string[]));
    case 'json':
      return messageField(number, messageField(1, utf8(JSON.stringify(value))));
    default:
      return unreachable(type);
  }
}

function* nested(number: number, type: Exclude<FieldType, string>, value: unknown, progress: Progress): Encoding {
  if (!('message' in type)) throw new TypeError('a list or map cannot be an item of another');
  const parts = ('parts' in type ? type.parts(value) : value) ?? {};
  return messageField(number, yield* encodeMessage(type.message(), parts as JsonObject, progress));
}

function* fieldOf({ number, type }: NamedField, value: unknown, progress: Progress): Encoding {
  if (value === null || value === undefined) return '';
  if (typeof type === 'string') return scalar(number, type, value);
  let encoded = '';
  if ('list' in type) {
    const { list } = type;
    for (const item of value as readonly unknown[])
      encoded += typeof list === 'string' ? scalar(number, list, item) : yield* nested(number, list, item, progress);
    return encoded;
  }
  if ('map' in type) {
    const { map } = type;
    for (const [key, member] of Object.entries(value)) {
      const entry = typeof map === 'string' ? scalar(2, map, member) : yield* nested(2, map, member, progress);
      encoded += messageField(number, messageField(1, utf8(key)) + entry);
    }
    return encoded;
  }
  return yield* nested(number, type, value, progress);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The fields of a message; members of the object that the message does not have are left out. */
function* encodeMessage(message: Message, object: JsonObject, progress: Progress): Encoding {
  if (++progress.messages % messagesPerYield === 0) yield;
  const { own, inline } = fieldsOf(message);
  let encoded = '';
  for (const name in object) {
    const field = own.get(name);
    if (field === undefined) continue;
    const value = object[name];
    encoded +=
      typeof field.type === 'string' && value !== null && value !== undefined
        ? scalar(field.number, field.type, value)
        : yield* fieldOf(field, value, progress);
  }
  for (const { number, message: part } of inline)
    encoded += messageField(number, yield* encodeMessage(part, object, progress));
  return encoded;
}

/** Encodes without giving way to other work. */
function atOnce(message: Message, object: object): Encoded {
  const encoding = encodeMessage(message, object as JsonObject, { messages: 0 });
  for (;;) {
    const next = encoding.next();
    if (next.done === true) return next.value;
  }
}

async function inSlices(message: Message, object: object, slices: Slices): Promise<Encoded> {
  const encoding = encodeMessage(message, object as JsonObject, { messages: 0 });
  for (;;) {
    const next = encoding.next();
    if (next.done === true) return next.value;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}

function typeMeta(apiVersion: string, kind: string): Encoded {
  return magic + messageField(1, messageField(1, utf8(apiVersion)) + messageField(2, utf8(kind)));
}

function messageFor(apiVersion: string, kind: string): Message {
  const message = messages[`${apiVersion}/${kind}`];
  if (message === undefined) throw new TypeError(`there are no field numbers for ${kind} of ${apiVersion}`);
  return message;
}

/** Whether objects of a kind can be encoded. */
export function hasProtobuf(apiVersion: string, kind: string): boolean {
  return Object.hasOwn(messages, `${apiVersion}/${kind}`);
}

export interface KindedObject {
  readonly apiVersion: string;
  readonly kind: string;
}

function enveloped({ apiVersion, kind }: KindedObject, message: Encoded): Uint8Array {
  return Buffer.from(typeMeta(apiVersion, kind) + messageField(rawField, message), 'latin1');
}

/** An object of a kind for which `hasProtobuf` holds, in its envelope. */
export function encodeKubernetes(object: KindedObject): Uint8Array {
  return enveloped(object, atOnce(messageFor(object.apiVersion, object.kind), object));
}

/** As `encodeKubernetes`, in slices. */
export async function encodeKubernetesInSlices(object: KindedObject, slices: Slices): Promise<Uint8Array> {
  return enveloped(object, await inSlices(messageFor(object.apiVersion, object.kind), object, slices));
}

/** An item of a list of objects of one kind, without an envelope. */
export function encodeListItem({ apiVersion, kind }: KindedObject, object: object): Uint8Array {
  return Buffer.from(messageField(itemsField, atOnce(messageFor(apiVersion, kind), object)), 'latin1');
}

/** As `encodeListItem`, in slices. */
export async function encodeListItemInSlices(
  { apiVersion, kind }: KindedObject,
  object: object,
  slices: Slices,
): Promise<Uint8Array> {
  return Buffer.from(messageField(itemsField, await inSlices(messageFor(apiVersion, kind), object, slices)), 'latin1');
}

/** The beginning of a list, up to its items; `itemsBytes` is their total length. */
export function encodeListHead(list: KindedObject & { readonly metadata: object }, itemsBytes: number): Uint8Array {
  const own = messageField(1, atOnce(listMeta, list.metadata));
  const start = messageStart(rawField, own.length + itemsBytes);
  return Buffer.from(typeMeta(list.apiVersion, list.kind) + start + own, 'latin1');
}

const lengthBytes = 4;

/**
 * A watch event, preceded by its length in 4 bytes (apimachinery's LengthDelimitedFramer). The event
 * itself has no envelope, the object in it has one.
 */
export function encodeWatchEvent(type: string, object: KindedObject): Uint8Array {
  const raw = Buffer.from(encodeKubernetes(object)).toString('latin1');
  const event = messageField(1, utf8(type)) + messageField(2, messageField(1, raw));
  const bytes = Buffer.allocUnsafe(lengthBytes + event.length);
  bytes.writeUInt32BE(event.length);
  bytes.write(event, lengthBytes, 'latin1');
  return bytes;
}
