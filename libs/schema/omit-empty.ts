/**
 * What Go leaves out of what it writes: maps and lists of Kubernetes' types are `omitempty`, so an
 * empty one comes back as none. Fields that Go always writes have a default in our schemas, or are
 * required. Texts of kcp's types, which are decoded and written once more by its admission, are
 * left out alike.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { JsonObject } from './json-value.ts';
import { isJsonObject } from './json-value.ts';

type Omit = (value: unknown) => void;

function isEmpty(value: unknown, schema: JsonSchema, texts: boolean): boolean {
  if (value === '') return texts && schema.type === 'string';
  if (Array.isArray(value)) return value.length === 0;
  if (typeof schema.additionalProperties !== 'object' || !isJsonObject(value)) return false;
  for (const _key in value) return false;
  return true;
}

function compileList(items: Omit): Omit {
  return (value) => {
    if (Array.isArray(value)) for (const item of value) items(item);
  };
}

function compileMap(values: Omit): Omit {
  return (value) => {
    if (isJsonObject(value)) for (const key in value) values(value[key]);
  };
}

/** Undefined where nothing in it can be left out. */
function compile(schema: JsonSchema, texts: boolean): Omit | undefined {
  if (schema.items !== undefined) {
    const items = compile(schema.items, texts);
    return items === undefined ? undefined : compileList(items);
  }
  if (typeof schema.additionalProperties === 'object') {
    const values = compile(schema.additionalProperties, texts);
    return values === undefined ? undefined : compileMap(values);
  }
  const members: { readonly key: string; readonly schema: JsonSchema; readonly kept: boolean; readonly omit?: Omit }[] =
    [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const kept = 'default' in property || schema.required?.includes(key) === true;
    const omit = compile(property, texts);
    const mayBeEmpty =
      property.type === 'array' ||
      typeof property.additionalProperties === 'object' ||
      (texts && property.type === 'string');
    if (omit !== undefined || (mayBeEmpty && !kept))
      members.push({ key, schema: property, kept, ...(omit && { omit }) });
  }
  if (members.length === 0) return undefined;
  return (value) => {
    if (!isJsonObject(value)) return;
    for (const { key, schema: property, kept, omit } of members) {
      if (!Object.hasOwn(value, key)) continue;
      omit?.(value[key]);
      if (!kept && isEmpty(value[key], property, texts)) delete value[key];
    }
  };
}

/** A function that leaves out, in place, what is empty of an object. `texts`: empty texts too. */
export function compileOmitEmpty(schema: JsonSchema, texts: boolean): (object: JsonObject) => void {
  return compile(schema, texts) ?? (() => {});
}
