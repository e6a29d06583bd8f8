/**
 * A notation for schemas that is short enough to be read as a table: each function is one type, its
 * first parameter what the field means.
 */
import type { JsonSchema } from '@kcp-ts/api';

type Extra = Omit<JsonSchema, 'type' | 'description'>;
export type Fields = Readonly<Record<string, JsonSchema>>;

export function text(description: string, extra?: Extra): JsonSchema {
  return { type: 'string', description, ...extra };
}

/** Base64 in JSON. */
export function bytes(description: string): JsonSchema {
  return { type: 'string', format: 'byte', description };
}

/** One of a closed list. */
export function oneOf(description: string, values: readonly string[], extra?: Extra): JsonSchema {
  return { type: 'string', description, enum: values, ...extra };
}

export function flag(description: string, extra?: Extra): JsonSchema {
  return { type: 'boolean', description, ...extra };
}

export function integer(description: string, extra?: Extra): JsonSchema {
  return { type: 'integer', description, ...extra };
}

export function int32(description: string, extra?: Extra): JsonSchema {
  return { type: 'integer', format: 'int32', description, ...extra };
}

export function int64(description: string, extra?: Extra): JsonSchema {
  return { type: 'integer', format: 'int64', description, ...extra };
}

export function timestamp(description: string, extra?: Extra): JsonSchema {
  return { type: 'string', format: 'date-time', description, ...extra };
}

export function object(description: string, fields: Fields, required?: readonly string[], extra?: Extra): JsonSchema {
  return { type: 'object', description, properties: fields, ...(required === undefined ? {} : { required }), ...extra };
}

/** Any object: nothing in it is checked or dropped. */
export function anyObject(description: string, extra?: Extra): JsonSchema {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true, ...extra };
}

/** A list that has one owner and is replaced as a whole. */
export function atomicList(description: string, items: JsonSchema, extra?: Extra): JsonSchema {
  return { type: 'array', description, items, 'x-kubernetes-list-type': 'atomic', ...extra };
}

/**
 * A list that says nothing of how it is merged, as lists of custom kinds without a list type do.
 */
export function list(description: string, items: JsonSchema, extra?: Extra): JsonSchema {
  return { type: 'array', description, items, ...extra };
}

export function setList(description: string, items: JsonSchema, extra?: Extra): JsonSchema {
  return { type: 'array', description, items, 'x-kubernetes-list-type': 'set', ...extra };
}

/** A list whose items are found by keys. */
export function mapList(description: string, keys: readonly string[], items: JsonSchema, extra?: Extra): JsonSchema {
  return {
    type: 'array',
    description,
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    ...extra,
  };
}

/** A list found by one key, in strategic merge patches as well. */
export function mergeList(description: string, key: string, items: JsonSchema, extra?: Extra): JsonSchema {
  return mapList(description, [key], items, {
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': key,
    ...extra,
  });
}

export function mapOf(description: string, values: JsonSchema, extra?: Extra): JsonSchema {
  return { type: 'object', description, additionalProperties: values, ...extra };
}

/** A string without a description of its own, for list items and map values. */
export const string: JsonSchema = { type: 'string' };

/** A list of strings, replaced as a whole. */
export function texts(description: string, extra?: Extra): JsonSchema {
  return atomicList(description, string, extra);
}

/** A whole object of a kind: its own fields beside apiVersion, kind and metadata. */
export function kindSchema(
  description: string,
  fields: Fields,
  required?: readonly string[],
  metadata: JsonSchema = { type: 'object' },
): JsonSchema {
  return object(
    description,
    {
      apiVersion: text('Group and version of this representation, e.g. `apps.example.io/v1`.'),
      kind: text('Kind of the object, in CamelCase.'),
      metadata,
      ...fields,
    },
    required,
  );
}
