import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import { compileSchema } from '../compile-schema.ts';
import type { JsonObject } from '../json-value.ts';
import { copyJson, isJsonObject } from '../json-value.ts';
import type { Checking } from './checking.ts';

/** A default must be what pruning leaves of it, and valid. Only for schemas that are structural. */
export function* checkDefaults(schema: JsonSchema, path: string, errors: FieldError[]): Checking<void> {
  const value = schema.default ?? undefined;
  if (value !== undefined) {
    checkDefault(schema, value, `${path}.default`, errors);
    yield;
  }
  const { properties } = schema;
  for (const key of Object.keys(properties ?? {}).sort()) {
    const property = properties?.[key];
    if (property !== undefined) yield* checkDefaults(property, `${path}.properties[${key}]`, errors);
  }
  if (schema.items !== undefined) yield* checkDefaults(schema.items, `${path}.items`, errors);
  if (isJsonObject(schema.additionalProperties)) {
    yield* checkDefaults(schema.additionalProperties, `${path}.additionalProperties`, errors);
  }
}

function checkDefault(schema: JsonSchema, value: unknown, path: string, errors: FieldError[]): void {
  // The value stands in a field, since only a whole resource keeps its kind and metadata.
  const compiled = compileSchema({ type: 'object', properties: { value: schema } }, { dialect: 'custom' });
  const holder: JsonObject = { value: copyJson(value) };
  if (compiled.prune(holder).length > 0) errors.push(invalidValue(path, value, 'must not have unknown fields'));
  const validated = compileSchema(schema, { dialect: 'custom' }).validate(value as object);
  for (const error of validated) {
    errors.push({ ...error, field: error.field === '<nil>' ? path : `${path}.${error.field}` });
  }
}
