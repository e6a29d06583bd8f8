/**
 * Answers in Kubernetes' protobuf, as the objects that JSON has. Lists and events of watches are
 * taken apart here; a server need not read them.
 */
import { decodeKubernetes } from '@kcp-ts/k8s-protobuf';
import { allKinds, protobufMessages } from '@kcp-ts/kinds';
import type { WatchEvent } from './api-client.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';
const magic = Buffer.from('k8s\0');
const watchLengthBytes = 4;
const messages = protobufMessages(allKinds);

function varint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let scale = 1, i = at; ; scale *= 128, i++) {
    const byte = bytes.readUInt8(i);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
  }
}

/** The fields of a message that have a length, by their numbers; numbers are left out. */
function* partsOf(bytes: Buffer): Generator<readonly [number: number, part: Buffer]> {
  for (let at = 0; at < bytes.length; ) {
    const key = varint(bytes, at);
    const head = varint(bytes, key.next);
    at = head.next;
    if ((key.value & 7) !== 2) continue;
    at += head.value;
    yield [key.value >> 3, bytes.subarray(head.next, at)];
  }
}

function part(bytes: Buffer, number: number): Buffer {
  for (const [found, inner] of partsOf(bytes)) if (found === number) return inner;
  return Buffer.alloc(0);
}

function lengthField(number: number, bytes: Uint8Array | string): Buffer {
  const length: number[] = [];
  let rest = Buffer.from(bytes).length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), Buffer.from(bytes)]);
}

/** A message in Kubernetes' envelope. */
export function protobufBody(apiVersion: string, kind: string, message: Uint8Array = Buffer.alloc(0)): Buffer {
  const typeMeta = Buffer.concat([lengthField(1, apiVersion), lengthField(2, kind)]);
  return Buffer.concat([magic, lengthField(1, typeMeta), lengthField(2, message)]);
}

/** An object or a list. Of a list's metadata the resourceVersion and the token are read. */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  const own = decodeKubernetes(messages, bytes);
  if (own !== undefined) return own;
  const envelope = Buffer.from(bytes).subarray(magic.length);
  const apiVersion = part(part(envelope, 1), 1).toString();
  const kind = part(part(envelope, 1), 2).toString();
  const list = part(envelope, 2);
  const items = [...partsOf(list)].flatMap(([number, item]) => {
    if (number !== 2) return [];
    const {
      apiVersion: _v,
      kind: _k,
      ...decoded
    } = decodeKubernetes(messages, protobufBody(apiVersion, kind.replace(/List$/, ''), item)) ?? {};
    return [decoded];
  });
  const continues = part(part(list, 1), 3).toString();
  const metadata = {
    resourceVersion: part(part(list, 1), 2).toString(),
    ...(continues === '' ? {} : { continue: continues }),
  };
  return { apiVersion, kind, metadata, items };
}

/** The events of a watch that have come so far. */
export function decodeWatch(bytes: Buffer): WatchEvent[] {
  const events: WatchEvent[] = [];
  for (let at = 0; at + watchLengthBytes <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const event = bytes.subarray(at + watchLengthBytes, at + watchLengthBytes + length);
    if (event.length < length) break;
    const type = part(event, 1).toString();
    events.push({ type, object: decodeProtobuf(part(part(event, 2), 1)) } as unknown as WatchEvent);
    at += watchLengthBytes + length;
  }
  return events;
}
