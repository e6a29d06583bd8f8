/** No field of a kind that is served is missing in its protobuf message. */
import type { JsonSchema } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { FieldType, Message } from '@kcp-ts/k8s-protobuf';
import { hasProtobuf, messages } from '@kcp-ts/k8s-protobuf';
import { expect, it } from 'vitest';
import { builtinDefinitions } from './kinds.ts';

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

it('an object in protobuf has a field for each property of each kind that is served', () => {
  const missing = builtinDefinitions.flatMap((definition) => {
    const kinds = [definition, ...definition.subresources].flatMap(
      ({ kind, group = '', version = definition.version, schema }) =>
        kind === undefined ? [] : [{ apiVersion: groupVersionText({ group, version }), kind, schema }],
    );
    return kinds.flatMap(({ apiVersion, kind, schema }) => {
      const name = `${apiVersion}/${kind}`;
      if (!hasProtobuf(apiVersion, kind)) return [name];
      const { apiVersion: _v, kind: _k, ...properties } = schema?.properties ?? {};
      return missingIn(messages[name] as Message, { properties } as JsonSchema, name);
    });
  });
  expect(missing).toEqual([]);
});
