import { describe, expect, it } from 'vitest';
import { list, map, metadata, of } from './builder.ts';
import { decodeKubernetes } from './decode-kubernetes.ts';
import {
  encodeKubernetes,
  encodeListHead,
  encodeListItem,
  encodeWatchEvent,
  hasProtobuf,
} from './encode-kubernetes.ts';
import type { Messages } from './message.ts';

const messages: Messages = {
  'v1/ConfigMap': { 1: metadata, 2: ['data', map('string')] },
  'v1/Namespace': { 1: metadata, 2: ['spec', of({ 1: ['finalizers', list('string')] })] },
  'v1/Secret': { 1: metadata, 2: ['data', map('bytes')] },
};

describe('an object in protobuf', () => {
  it('of no known kind is not encoded', () => {
    expect(hasProtobuf(messages, { apiVersion: 'apps/v1', kind: 'Deployment' })).toBe(false);
    expect(hasProtobuf(messages, { apiVersion: 'v1', kind: '__proto__' })).toBe(false);
    expect(() => encodeKubernetes(messages, { apiVersion: 'apps/v1', kind: 'Deployment' })).toThrow('no field numbers');
  });

  it('has null where Go has nothing, and leaves out what it does not know', () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels: null }, other: 1, spec: {} };
    const decoded = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' }, spec: {} };
    expect(decodeKubernetes(messages, encodeKubernetes(messages, object))).toEqual(decoded);
  });
});

describe('a list in protobuf', () => {
  it('is a head that knows its length, and its items', () => {
    const items = ['a', 'b'].map((name) =>
      encodeListItem(messages, { apiVersion: 'v1', kind: 'ConfigMap' }, { metadata: { name }, data: { x: name } }),
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
    const bytes = Buffer.from(encodeWatchEvent(messages, 'ADDED', object));
    const inner = encodeKubernetes(messages, object);
    expect(bytes.readUInt32BE()).toBe(bytes.byteLength - 4);
    expect(bytes.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
    expect(bytes.subarray(-inner.byteLength)).toEqual(Buffer.from(inner));
    const raw = `\x12${String.fromCharCode(inner.byteLength + 2)}\n${String.fromCharCode(inner.byteLength)}`;
    expect(bytes.subarray(11, -inner.byteLength).toString('latin1')).toBe(raw);
  });
});
