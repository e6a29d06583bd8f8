/** Swagger schemas as gnostic's `openapi.v2.Schema`; the numbers are those of its proto file. */

import type { Encoded } from '@kcp-ts/k8s-protobuf';
import { boolField, countField, doubleField, messageField, textField, textsField } from '@kcp-ts/k8s-protobuf';
import type { SchemaV2 } from '../render-v2.ts';

/** gnostic's Any: the value as YAML, of which JSON is a part. */
export function anyMessage(value: unknown): Encoded {
  return textField(2, `${JSON.stringify(value)}\n`);
}

/** A list of named values: name 1, value 2. */
export function namedField(field: number, name: string, value: Encoded): Encoded {
  return messageField(field, textField(1, name) + messageField(2, value));
}

/** All keys that begin with `x-`. */
export function extensionFields(field: number, from: object): Encoded {
  return Object.entries(from)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => namedField(field, name, anyMessage(value)))
    .join('');
}

interface Known extends SchemaV2 {
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly multipleOf?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly example?: unknown;
}

function limits(schema: Known): Encoded {
  return [
    doubleField(6, schema.multipleOf),
    doubleField(7, schema.maximum),
    boolField(8, schema.exclusiveMaximum),
    doubleField(9, schema.minimum),
    boolField(10, schema.exclusiveMinimum),
    countField(11, schema.maxLength),
    countField(12, schema.minLength),
    textField(13, schema.pattern),
    countField(14, schema.maxItems),
    countField(15, schema.minItems),
    boolField(16, schema.uniqueItems),
    countField(17, schema.maxProperties),
    countField(18, schema.minProperties),
  ].join('');
}

function additional(value: SchemaV2 | boolean): Encoded {
  return typeof value === 'boolean' ? boolField(2, value) : messageField(1, schemaMessage(value));
}

function properties(schemas: Readonly<Record<string, SchemaV2>>): Encoded {
  return Object.entries(schemas)
    .map(([name, schema]) => namedField(1, name, schemaMessage(schema)))
    .join('');
}

export function schemaMessage(given: SchemaV2): Encoded {
  const schema = given as Known;
  return [
    textField(1, schema.$ref),
    textField(2, schema.format),
    textField(3, schema.title),
    textField(4, schema.description),
    schema.default === undefined ? '' : messageField(5, anyMessage(schema.default)),
    limits(schema),
    textsField(19, schema.required),
    (schema.enum ?? []).map((value) => messageField(20, anyMessage(value))).join(''),
    schema.additionalProperties === undefined ? '' : messageField(21, additional(schema.additionalProperties)),
    schema.type === undefined ? '' : messageField(22, textField(1, schema.type)),
    schema.items === undefined ? '' : messageField(23, messageField(1, schemaMessage(schema.items))),
    schema.properties === undefined ? '' : messageField(25, properties(schema.properties)),
    schema.example === undefined ? '' : messageField(30, anyMessage(schema.example)),
    extensionFields(31, schema),
  ].join('');
}
