/**
 * One table for both directions: what is encoded is decoded to the same object, and no field of a
 * kind that is served is missing.
 */
import type { JsonSchema } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { FieldType, Message } from '@kcp-ts/k8s-protobuf';
import { decodeKubernetes, encodeKubernetes, encodeKubernetesInSlices, hasProtobuf } from '@kcp-ts/k8s-protobuf';
import { describe, expect, it } from 'vitest';
import { protobufMessages } from './kind-code.ts';
import { allKinds, builtinDefinitions } from './kinds.ts';

const messages = protobufMessages(allKinds);

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

/** Names of a schema that its message has no field for. */
function missingIn(message: Message, schema: JsonSchema, path: string): string[] {
  const fields = new Map<string, FieldType>();
  for (const [name, type] of Object.values(message) as Message[number][])
    if (typeof type === 'object' && 'inline' in type)
      for (const [inner, innerType] of Object.values(type.inline) as Message[number][]) fields.set(inner, innerType);
    else fields.set(name, type);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const at = `${path}.${name}`;
    const type = fields.get(name);
    return type === undefined ? [at] : missingBelow(type, property, at);
  });
}

function missingBelow(type: FieldType, schema: JsonSchema, path: string): string[] {
  if (typeof type === 'string') return [];
  if ('list' in type) return missingBelow(type.list, schema.items as JsonSchema, `${path}[]`);
  if ('map' in type) return [];
  return 'message' in type ? missingIn(type.message(), schema, path) : [];
}

describe('an object in protobuf', () => {
  it.each(Object.keys(messages))('of %s is decoded to what was encoded', (name) => {
    const object = { ...split(name), ...messageSample(messages[name] as Message) };
    expect(decodeKubernetes(messages, encodeKubernetes(messages, object))).toEqual(object);
  });

  it('has a field for each property of each kind that is served', () => {
    const missing = builtinDefinitions.flatMap((definition) => {
      const kinds = [definition, ...definition.subresources].flatMap(
        ({ kind, group = '', version = definition.version, schema }) =>
          kind === undefined ? [] : [{ apiVersion: groupVersionText({ group, version }), kind, schema }],
      );
      return kinds.flatMap(({ apiVersion, kind, schema }) => {
        const name = `${apiVersion}/${kind}`;
        if (!hasProtobuf(messages, { apiVersion, kind })) return [name];
        const { apiVersion: _v, kind: _k, ...properties } = schema?.properties ?? {};
        return missingIn(messages[name] as Message, { properties } as JsonSchema, name);
      });
    });
    expect(missing).toEqual([]);
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
    const bytes = await encodeKubernetesInSlices(messages, object, { due: true, pause, restart: () => undefined });
    expect(bytes).toEqual(encodeKubernetes(messages, object));
    expect(asked).toBeGreaterThanOrEqual(10);
  });
});
