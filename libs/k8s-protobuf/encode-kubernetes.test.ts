/**
 * One table for both directions: what is encoded is decoded to the same object.
 */

import { describe, expect, it } from 'vitest';
import type { FieldType, Message } from './common-messages.ts';
import { decodeKubernetes } from './decode-kubernetes.ts';
import {
  encodeKubernetes,
  encodeKubernetesInSlices,
  encodeListHead,
  encodeListItem,
  encodeWatchEvent,
  hasProtobuf,
} from './encode-kubernetes.ts';
import { messages } from './messages.ts';

const samples = {
  string: 'text – ü',
  'optional-string': '',
  bytes: Buffer.from([0, 255, 10, 128]).toString('base64'),
  bool: false,
  flag: true,
  int: -9223372036854775808n,
  count: 300,
  time: '2026-11-30T01:02:03Z',
  'micro-time': '1969-12-31T23:59:59.000250Z',
  quantity: '100m',
  json: { a: [1, 'ü', null, true, { b: 9007199254740993n }] },
  double: -0.5,
  strings: ['a', '', 'ü'],
} as const satisfies Partial<Record<Extract<FieldType, string>, unknown>>;

/** A value that has all that a type can hold; what contains itself ends at a depth. */
function sampleOf(type: FieldType, depth: number): unknown {
  if (typeof type === 'string') return samples[type];
  if ('list' in type) return [sampleOf(type.list, depth), sampleOf(type.list, depth)];
  if ('map' in type) return { 'a/b': sampleOf(type.map, depth), '': sampleOf(type.map, depth) };
  if ('inline' in type) throw new TypeError('an inline message is not a value');
  const parts = depth > 3 ? {} : messageSample(type.message(), depth + 1);
  if (!('form' in type)) return parts;
  // Either form in its turn.
  const { schema, ...rest } = parts;
  return type.form(depth % 2 === 0 ? { schema } : rest);
}

function messageSample(message: Message, depth = 0): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, type] of Object.values(message) as Message[number][])
    if (typeof type === 'object' && 'inline' in type) Object.assign(object, messageSample(type.inline, depth));
    else object[name] = sampleOf(type, depth);
  return object;
}

function split(name: string): { apiVersion: string; kind: string } {
  const at = name.lastIndexOf('/');
  return { apiVersion: name.slice(0, at), kind: name.slice(at + 1) };
}

describe('an object in protobuf', () => {
  it.each(Object.keys(messages))('of %s is decoded to what was encoded', (name) => {
    const object = { ...split(name), ...messageSample(messages[name] as Message) };
    expect(decodeKubernetes(encodeKubernetes(object))).toEqual(object);
  });

  it('that is large is encoded in slices to the same bytes', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `field-${i}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    const versions = [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object', properties } } }];
    const object = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec: { versions } };
    let asked = 0;
    const pause = () => {
      asked++;
      return Promise.resolve();
    };
    const bytes = await encodeKubernetesInSlices(object, { due: true, pause, restart: () => undefined });
    expect(bytes).toEqual(encodeKubernetes(object));
    expect(asked).toBeGreaterThanOrEqual(10);
  });

  it('of no known kind is not encoded', () => {
    expect(hasProtobuf('apps/v1', 'Deployment')).toBe(false);
    expect(hasProtobuf('v1', '__proto__')).toBe(false);
    expect(() => encodeKubernetes({ apiVersion: 'apps/v1', kind: 'Deployment' })).toThrow('no field numbers');
  });

  it('has null where Go has nothing, and leaves out what it does not know', () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels: null }, other: 1, spec: {} };
    const decoded = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' }, spec: {} };
    expect(decodeKubernetes(encodeKubernetes(object))).toEqual(decoded);
  });
});

describe('a list in protobuf', () => {
  it('is a head that knows its length, and its items', () => {
    const items = ['a', 'b'].map((name) =>
      encodeListItem({ apiVersion: 'v1', kind: 'ConfigMap' }, { metadata: { name }, data: { x: name } }),
    );
    const length = items.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const metadata = { resourceVersion: '7', remainingItemCount: 3 };
    const list = Buffer.concat([
      encodeListHead({ apiVersion: 'v1', kind: 'ConfigMapList', metadata }, length),
      ...items,
    ]);
    expect(list.toString('latin1')).toBe(
      [
        'k8s\0\n\x13\n\x02v1\x12\x0dConfigMapList',
        // The lengths of what comes: 7 bytes of metadata with its head, and twice 15 of an item.
        '\x12\x25\n\x05\x12\x017\x20\x03',
        '\x12\x0d\n\x03\n\x01a\x12\x06\n\x01x\x12\x01a',
        '\x12\x0d\n\x03\n\x01b\x12\x06\n\x01x\x12\x01b',
      ].join(''),
    );
  });
});

describe('an event of a watch in protobuf', () => {
  it('stands behind its length, bare, with its object in an envelope', () => {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    const bytes = Buffer.from(encodeWatchEvent('ADDED', object));
    const inner = encodeKubernetes(object);
    expect(bytes.readUInt32BE()).toBe(bytes.byteLength - 4);
    expect(bytes.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
    expect(bytes.subarray(-inner.byteLength)).toEqual(Buffer.from(inner));
    const raw = `\x12${String.fromCharCode(inner.byteLength + 2)}\n${String.fromCharCode(inner.byteLength)}`;
    expect(bytes.subarray(11, -inner.byteLength).toString('latin1')).toBe(raw);
  });
});
