/**
 * Encodes objects, as parsed from JSON, into Kubernetes' protobuf envelope (`k8s\0`, then
 * runtime.Unknown), with the tables that request bodies are decoded with. A field that is present
 * in JSON is written even if it has its zero value, since it may be a pointer in Go. The encoder is
 * a generator that yields regularly, so that a large object can be encoded in slices.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Slices } from '@kcp-ts/base';
import { unreachable } from '@kcp-ts/base';
import type { FieldType, Message, Messages } from './message.ts';
import { listMeta } from './meta-messages.ts';

const magic = Buffer.from('k8s\0');
const uint32Max = 2 ** 32 - 1;
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

/** An int64; written even if it is 0, since its presence may mean something. */
function writeInteger(writer: BinaryWriter, number: number, value: number | bigint): void {
  writer.tag(number, WireType.Varint);
  if (typeof value === 'number' && value >= 0 && value <= uint32Max) writer.uint32(value);
  else writer.int64(BigInt(value));
}

function writeText(writer: BinaryWriter, number: number, text: string): void {
  writer.tag(number, WireType.LengthDelimited).string(text);
}

/** google.protobuf.Timestamp's fields, which are those of Time and MicroTime. */
function writeTimestamp(writer: BinaryWriter, text: string): void {
  const milliseconds = Date.parse(text);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  writeInteger(writer, 1, Math.floor(milliseconds / 1000));
  writeInteger(writer, 2, Number(fraction.padEnd(9, '0')));
}

/** Messages encoded between two yields: far less than a millisecond of work. */
const messagesPerYield = 100;

/** How many messages have been encoded. */
interface Progress {
  messages: number;
}

type Encoding = Generator<void, void>;

/** Writes a value other than a message. Null, in a list or map, is the zero value. */
function writeScalar(writer: BinaryWriter, number: number, type: Extract<FieldType, string>, value: unknown): void {
  switch (type) {
    case 'string':
    case 'optional-string':
      writeText(writer, number, (value ?? '') as string);
      return;
    case 'bytes':
      writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from((value ?? '') as string, 'base64'));
      return;
    case 'bool':
    case 'flag':
      writer.tag(number, WireType.Varint).bool(value === true);
      return;
    case 'int':
    case 'count':
      writeInteger(writer, number, (value ?? 0) as number | bigint);
      return;
    case 'double':
      writer.tag(number, WireType.Bit64).double(Number(value));
      return;
    default:
      writer.tag(number, WireType.LengthDelimited).fork();
      writeForm(writer, type, value);
      writer.join();
  }
}

/** Writes the fields of a message for which JSON has a text, a list of texts, or any value. */
function writeForm(
  writer: BinaryWriter,
  type: 'time' | 'micro-time' | 'quantity' | 'strings' | 'json',
  value: unknown,
): void {
  switch (type) {
    case 'time':
    case 'micro-time':
      if (value !== null) writeTimestamp(writer, value as string);
      return;
    case 'quantity':
      writeText(writer, 1, String(value ?? '0'));
      return;
    case 'strings':
      for (const text of (value ?? []) as readonly string[]) writeText(writer, 1, text);
      return;
    case 'json':
      writeText(writer, 1, JSON.stringify(value));
      return;
    default:
      unreachable(type);
  }
}

function* writeNested(
  writer: BinaryWriter,
  number: number,
  type: Exclude<FieldType, string>,
  value: unknown,
  progress: Progress,
): Encoding {
  if (!('message' in type)) throw new TypeError('a list or map cannot be an item of another');
  const parts = ('parts' in type ? type.parts(value) : value) ?? {};
  writer.tag(number, WireType.LengthDelimited).fork();
  yield* writeMessage(writer, type.message(), parts as JsonObject, progress);
  writer.join();
}

/** Writes a field whose type has other types in it. */
function* writeField(writer: BinaryWriter, { number, type }: NamedField, value: unknown, progress: Progress): Encoding {
  if (typeof type === 'string') writeScalar(writer, number, type, value);
  else if ('list' in type) {
    const { list } = type;
    for (const item of value as readonly unknown[])
      if (typeof list === 'string') writeScalar(writer, number, list, item);
      else yield* writeNested(writer, number, list, item, progress);
  } else if ('map' in type) {
    const { map } = type;
    for (const [key, member] of Object.entries(value as object)) {
      writer.tag(number, WireType.LengthDelimited).fork();
      writeText(writer, 1, key);
      if (typeof map === 'string') writeScalar(writer, 2, map, member);
      else yield* writeNested(writer, 2, map, member, progress);
      writer.join();
    }
  } else yield* writeNested(writer, number, type, value, progress);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The fields of a message; members of the object that the message does not have are left out. */
function* writeMessage(writer: BinaryWriter, message: Message, object: JsonObject, progress: Progress): Encoding {
  if (++progress.messages % messagesPerYield === 0) yield;
  const { own, inline } = fieldsOf(message);
  for (const name in object) {
    const field = own.get(name);
    const value = object[name];
    if (field === undefined || value === null || value === undefined) continue;
    if (typeof field.type === 'string') writeScalar(writer, field.number, field.type, value);
    else yield* writeField(writer, field, value, progress);
  }
  for (const { number, message: part } of inline) {
    writer.tag(number, WireType.LengthDelimited).fork();
    yield* writeMessage(writer, part, object, progress);
    writer.join();
  }
}

/** Writes an object as a field of its message. */
function* writeObject(writer: BinaryWriter, number: number, message: Message, object: object): Encoding {
  writer.tag(number, WireType.LengthDelimited).fork();
  yield* writeMessage(writer, message, object as JsonObject, { messages: 0 });
  writer.join();
}

/** Encodes without giving way to other work. */
function atOnce(encoding: Encoding): void {
  while (encoding.next().done !== true);
}

async function inSlices(encoding: Encoding, slices: Slices): Promise<void> {
  while (encoding.next().done !== true) {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}

/** Writes the beginning of an envelope, up to the object in it. */
function writeTypeMeta(writer: BinaryWriter, { apiVersion, kind }: KindedObject): void {
  writer.raw(magic).tag(1, WireType.LengthDelimited).fork();
  writeText(writer, 1, apiVersion);
  writeText(writer, 2, kind);
  writer.join();
}

function messageFor(messages: Messages, { apiVersion, kind }: KindedObject): Message {
  const message = messages[`${apiVersion}/${kind}`];
  if (message === undefined) throw new TypeError(`there are no field numbers for ${kind} of ${apiVersion}`);
  return message;
}

/** Whether objects of a kind can be encoded. */
export function hasProtobuf(messages: Messages, { apiVersion, kind }: KindedObject): boolean {
  return Object.hasOwn(messages, `${apiVersion}/${kind}`);
}

export interface KindedObject {
  readonly apiVersion: string;
  readonly kind: string;
}

function* writeEnvelope(writer: BinaryWriter, messages: Messages, object: KindedObject): Encoding {
  const message = messageFor(messages, object);
  writeTypeMeta(writer, object);
  yield* writeObject(writer, rawField, message, object);
}

/** An object of a kind for which `hasProtobuf` holds, in its envelope. */
export function encodeKubernetes(messages: Messages, object: KindedObject): Uint8Array {
  const writer = new BinaryWriter();
  atOnce(writeEnvelope(writer, messages, object));
  return writer.finish();
}

/** As `encodeKubernetes`, in slices. */
export async function encodeKubernetesInSlices(
  messages: Messages,
  object: KindedObject,
  slices: Slices,
): Promise<Uint8Array> {
  const writer = new BinaryWriter();
  await inSlices(writeEnvelope(writer, messages, object), slices);
  return writer.finish();
}

/** An item of a list of objects of one kind, without an envelope. */
export function encodeListItem(messages: Messages, kind: KindedObject, object: object): Uint8Array {
  const writer = new BinaryWriter();
  atOnce(writeObject(writer, itemsField, messageFor(messages, kind), object));
  return writer.finish();
}

/** As `encodeListItem`, in slices. */
export async function encodeListItemInSlices(
  messages: Messages,
  kind: KindedObject,
  object: object,
  slices: Slices,
): Promise<Uint8Array> {
  const writer = new BinaryWriter();
  await inSlices(writeObject(writer, itemsField, messageFor(messages, kind), object), slices);
  return writer.finish();
}

/** The beginning of a list, up to its items; `itemsBytes` is their total length. */
export function encodeListHead(list: KindedObject & { readonly metadata: object }, itemsBytes: number): Uint8Array {
  const own = new BinaryWriter();
  atOnce(writeObject(own, 1, listMeta, list.metadata));
  const head = own.finish();
  const writer = new BinaryWriter();
  writeTypeMeta(writer, list);
  writer
    .tag(rawField, WireType.LengthDelimited)
    .uint32(head.length + itemsBytes)
    .raw(head);
  return writer.finish();
}

const lengthBytes = 4;

/**
 * A watch event, preceded by its length in 4 bytes (apimachinery's LengthDelimitedFramer). The
 * event itself has no envelope, the object in it has one.
 */
export function encodeWatchEvent(messages: Messages, type: string, object: KindedObject): Uint8Array {
  const writer = new BinaryWriter().raw(new Uint8Array(lengthBytes));
  writeText(writer, 1, type);
  writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork();
  atOnce(writeEnvelope(writer, messages, object));
  const bytes = writer.join().join().finish();
  new DataView(bytes.buffer).setUint32(0, bytes.length - lengthBytes);
  return bytes;
}
