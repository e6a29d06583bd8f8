/** What Go's decoder would say of an object: wrong types of built-in kinds are errors before anybody validates, unknown fields of metadata are named. */
import type { JsonSchema } from '@kcp-ts/meta';
import { childPath, isObject, jsonType } from './walk.ts';

export interface Decoded {
  readonly error?: string;
  readonly unknown: readonly string[];
}

const metadataFields: Readonly<Record<string, string>> = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  selfLink: 'string',
  uid: 'string',
  resourceVersion: 'string',
  generation: 'integer',
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  deletionGracePeriodSeconds: 'integer',
  labels: 'object',
  annotations: 'object',
  ownerReferences: 'array',
  finalizers: 'array',
  managedFields: 'array',
};

const goNames: Readonly<Record<string, string>> = { string: 'string', integer: 'int64', boolean: 'bool', object: 'map[string]interface {}', array: '[]', number: 'float64' };

function goType(schema: JsonSchema): string {
  if (schema.format === 'int32') return 'int32';
  if (schema.properties !== undefined) return 'struct';
  return goNames[schema.type ?? ''] ?? 'interface {}';
}

/** Go calls every JSON number `number` and every boolean `bool`. */
function jsonName(value: unknown): string {
  const type = jsonType(value);
  return type === 'integer' ? 'number' : type === 'boolean' ? 'bool' : type;
}

function mismatch(value: unknown, kind: string, path: string, type: string): string {
  return `json: cannot unmarshal ${jsonName(value)} into Go struct field ${path === '' ? kind : `${kind}.${path}`} of type ${type}`;
}

/** Nulls are Go's zero values: dropped. */
function visit(schema: JsonSchema, value: unknown, kind: string, path: string): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true) return undefined;
  if (Array.isArray(value)) {
    if (schema.type !== 'array') return schema.type === undefined ? undefined : mismatch(value, kind, path, goType(schema));
    for (const item of value) {
      const found = schema.items === undefined || item === null ? undefined : visit(schema.items, item, kind, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isObject(value)) {
    if (schema.type !== 'object') return schema.type === undefined ? undefined : mismatch(value, kind, path, goType(schema));
    return visitFields(schema, value, kind, path);
  }
  const type = jsonType(value);
  const fits = schema.type === undefined || type === schema.type || (schema.type === 'number' && type === 'integer');
  return fits ? undefined : mismatch(value, kind, path, goType(schema));
}

function visitFields(schema: JsonSchema, value: Record<string, unknown>, kind: string, path: string): string | undefined {
  for (const name of Object.keys(value)) {
    if (path === '' && name === 'metadata') continue;
    const property = schema.properties?.[name];
    const child = property ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (child === undefined) continue;
    if (value[name] === null) {
      if (child.nullable !== true) delete value[name];
      continue;
    }
    const found = visit(child, value[name], kind, property === undefined ? path : childPath(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function decodeMetadata(object: Record<string, unknown>, kind: string): Decoded {
  const { metadata } = object;
  if (metadata === undefined || metadata === null) return { unknown: [] };
  if (!isObject(metadata)) return { error: mismatch(metadata, kind, 'metadata', 'v1.ObjectMeta'), unknown: [] };
  const unknown: string[] = [];
  for (const name of Object.keys(metadata)) {
    const wanted = metadataFields[name];
    const value = metadata[name];
    if (wanted === undefined) {
      unknown.push(`metadata.${name}`);
      delete metadata[name];
    } else if (value === null) {
      delete metadata[name];
    } else if (jsonType(value) !== wanted) {
      return { error: mismatch(value, kind, `metadata.${name}`, goNames[wanted] ?? wanted), unknown };
    } else if (name === 'labels' || name === 'annotations') {
      for (const text of Object.values(value as object)) if (typeof text !== 'string') return { error: mismatch(text, kind, `metadata.${name}`, 'string'), unknown };
    }
  }
  return { unknown };
}

export function compileDecode(schema: JsonSchema, dialect: 'builtin' | 'custom'): (object: Record<string, unknown>) => Decoded {
  return (object) => {
    const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
    const metadata = decodeMetadata(object, kind);
    if (metadata.error !== undefined || dialect === 'custom') return metadata;
    const error = visitFields(schema, object, kind, '');
    return error === undefined ? metadata : { error, unknown: metadata.unknown };
  };
}
