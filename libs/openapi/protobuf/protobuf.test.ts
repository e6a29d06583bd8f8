import type { ResourceDefinition } from '@kcp-ts/api';
import { expect, test } from 'vitest';
import { createOpenApi } from '../create-open-api.ts';
import { writeSchema } from './encode-schema.ts';
import { encodeFields, writeBool, writeCount, writeDouble, writeMessage, writeText } from './write-fields.ts';

/** The fields of a message by number, as bytes or numbers: all that the wire itself tells. */
type Message = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

function decode(bytes: Uint8Array): Message {
  const fields = new Map<number, (Uint8Array | number)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the message ends in the middle of a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error('the message ends in the middle of a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = [varint, () => Buffer.from(take(8)).readDoubleLE(), () => take(varint())][tag % 8]?.();
    if (value === undefined) throw new Error(`wire type ${tag % 8}`);
    fields.set(Math.floor(tag / 8), [...(fields.get(Math.floor(tag / 8)) ?? []), value]);
  }
  return fields;
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((value) => decode(value as Uint8Array));
}

function inner(message: Message, ...path: readonly number[]): Message {
  return path.reduce((at, field) => messages(at, field)[0] ?? new Map(), message);
}

function texts(message: Message, field: number): string[] {
  return (message.get(field) ?? []).map((value) => Buffer.from(value as Uint8Array).toString());
}

/** The value of a named entry (name 1, value 2) of a repeated field. */
function named(message: Message, field: number, name: string): Message {
  const found = messages(message, field).find((entry) => texts(entry, 1)[0] === name);
  return found === undefined ? new Map() : inner(found, 2);
}

const widgets: ResourceDefinition = {
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  listKind: 'WidgetList',
  plural: 'widgets',
  singular: 'widget',
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ['get', 'list', 'patch', 'create'],
  subresources: [],
  schema: {
    type: 'object',
    description: 'Ein Gerät.',
    properties: {
      spec: { type: 'object', additionalProperties: { type: 'string' }, 'x-kubernetes-map-type': 'atomic' },
    },
  },
  columns: [],
  selectableFields: [],
  dialect: 'custom',
  nameFormat: 'dns-subdomain',
};

const document = decode(
  (await createOpenApi([widgets]).v2Protobuf({ due: false, pause: () => undefined, restart: () => undefined })).bytes,
);

test('the document says its version and its title', () => {
  expect(texts(document, 1)).toEqual(['2.0']);
  expect(texts(inner(document, 2), 1)).toEqual(['Kubernetes']);
});

test('a definition carries description, properties and group version kind', () => {
  const widget = named(inner(document, 9), 1, 'io.example.v1.Widget');
  expect(texts(widget, 4)).toEqual(['Ein Gerät.']);
  expect(texts(inner(widget, 22), 1)).toEqual(['object']);
  const properties = inner(widget, 25);
  expect(messages(properties, 1).map((entry) => texts(entry, 1)[0])).toEqual([
    'apiVersion',
    'kind',
    'metadata',
    'spec',
  ]);
  expect(texts(named(properties, 1, 'metadata'), 1)).toEqual([
    '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  ]);
  const spec = named(properties, 1, 'spec');
  expect(texts(inner(spec, 21, 1, 22), 1)).toEqual(['string']);
  expect(texts(named(spec, 31, 'x-kubernetes-map-type'), 2)).toEqual(['"atomic"\n']);
  const [kinds = ''] = texts(named(widget, 31, 'x-kubernetes-group-version-kind'), 2);
  expect(JSON.parse(kinds)).toEqual([{ group: 'example.io', kind: 'Widget', version: 'v1' }]);
});

test('the PATCH operation has its query parameters and its kind', () => {
  const path = named(inner(document, 8), 2, '/apis/example.io/v1/widgets/{name}');
  const patch = inner(path, 8);
  const parameters = messages(patch, 8).map((item) => inner(item, 1));
  expect(texts(inner(parameters[0] ?? new Map(), 1), 2)).toEqual(['body']);
  const names = parameters.slice(1).map((parameter) => texts(inner(parameter, 2, 3), 4)[0]);
  expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  const [kind = ''] = texts(named(patch, 13, 'x-kubernetes-group-version-kind'), 2);
  expect(JSON.parse(kind)).toEqual({ group: 'example.io', version: 'v1', kind: 'Widget' });
  const ok = named(inner(patch, 9), 1, '200');
  expect(texts(inner(ok, 1, 2, 1), 1)).toEqual(['#/definitions/io.example.v1.Widget']);
  expect(texts(inner(messages(path, 9)[0] ?? new Map(), 1, 2, 4), 4)).toEqual(['name']);
});

test('the limits of a schema are written', () => {
  const given = { type: 'integer', minimum: -3, maximum: 2.5, maxLength: 300, enum: [1, 'a'], required: ['a'] };
  const schema = decode(encodeFields((writer) => writeSchema(writer, given)));
  expect(schema.get(9)).toEqual([-3]);
  expect(schema.get(7)).toEqual([2.5]);
  expect(schema.get(11)).toEqual([300]);
  expect(messages(schema, 20).flatMap((value) => texts(value, 2))).toEqual(['1\n', '"a"\n']);
  expect(texts(schema, 19)).toEqual(['a']);
});

test('default values are left out and long lengths take more bytes', () => {
  const nothing = encodeFields((writer) => {
    writeText(writer, 1, '');
    writeBool(writer, 2, false);
    writeCount(writer, 3, 0);
    writeDouble(writer, 4, 0);
  });
  expect([...nothing]).toEqual([]);
  expect([...encodeFields((writer) => writeMessage(writer, 1, () => undefined))]).toEqual([0x0a, 0]);
  const long = encodeFields((writer) => writeText(writer, 16, 'x'.repeat(200)));
  expect([...long].slice(0, 4)).toEqual([0x82, 0x01, 0xc8, 0x01]);
});
