/** Swagger schemas as gnostic's `openapi.v2.Schema`; the numbers are those of its proto file. */

import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { SchemaV2 } from '../render-v2.ts';
import type { Fields } from './write-fields.ts';
import { writeBool, writeCount, writeDouble, writeMessage, writeText, writeTexts } from './write-fields.ts';

/** gnostic's Any: the value as YAML, of which JSON is a part. */
export function writeAny(writer: BinaryWriter, value: unknown): void {
  writeText(writer, 2, `${JSON.stringify(value)}\n`);
}

/** One of a list of named values: name 1, value 2. */
export function writeNamed(writer: BinaryWriter, field: number, name: string, value: Fields): void {
  writeMessage(writer, field, () => {
    writeText(writer, 1, name);
    writeMessage(writer, 2, value);
  });
}

/** All keys that begin with `x-`. */
export function writeExtensions(writer: BinaryWriter, field: number, from: object): void {
  for (const [name, value] of Object.entries(from))
    if (name.startsWith('x-')) writeNamed(writer, field, name, () => writeAny(writer, value));
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

function writeLimits(writer: BinaryWriter, schema: Known): void {
  writeDouble(writer, 6, schema.multipleOf);
  writeDouble(writer, 7, schema.maximum);
  writeBool(writer, 8, schema.exclusiveMaximum);
  writeDouble(writer, 9, schema.minimum);
  writeBool(writer, 10, schema.exclusiveMinimum);
  writeCount(writer, 11, schema.maxLength);
  writeCount(writer, 12, schema.minLength);
  writeText(writer, 13, schema.pattern);
  writeCount(writer, 14, schema.maxItems);
  writeCount(writer, 15, schema.minItems);
  writeBool(writer, 16, schema.uniqueItems);
  writeCount(writer, 17, schema.maxProperties);
  writeCount(writer, 18, schema.minProperties);
}

function writeAdditional(writer: BinaryWriter, value: SchemaV2 | boolean): void {
  if (typeof value === 'boolean') writeBool(writer, 2, value);
  else writeMessage(writer, 1, () => writeSchema(writer, value));
}

/** Writes what the schema says of the values in a list or object. */
function writeContent(writer: BinaryWriter, { additionalProperties, type, items, properties }: Known): void {
  if (additionalProperties !== undefined) writeMessage(writer, 21, () => writeAdditional(writer, additionalProperties));
  if (type !== undefined) writeMessage(writer, 22, () => writeText(writer, 1, type));
  if (items !== undefined) writeMessage(writer, 23, () => writeMessage(writer, 1, () => writeSchema(writer, items)));
  if (properties !== undefined)
    writeMessage(writer, 25, () => {
      for (const [name, property] of Object.entries(properties))
        writeNamed(writer, 1, name, () => writeSchema(writer, property));
    });
}

export function writeSchema(writer: BinaryWriter, given: SchemaV2): void {
  const schema = given as Known;
  writeText(writer, 1, schema.$ref);
  writeText(writer, 2, schema.format);
  writeText(writer, 3, schema.title);
  writeText(writer, 4, schema.description);
  if (schema.default !== undefined) writeMessage(writer, 5, () => writeAny(writer, schema.default));
  writeLimits(writer, schema);
  writeTexts(writer, 19, schema.required);
  for (const value of schema.enum ?? []) writeMessage(writer, 20, () => writeAny(writer, value));
  writeContent(writer, schema);
  if (schema.example !== undefined) writeMessage(writer, 30, () => writeAny(writer, schema.example));
  writeExtensions(writer, 31, schema);
}
