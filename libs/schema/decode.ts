/**
 * Decoding as Go's typed decoder does it: wrong types end it with Go's text, unknown fields are
 * removed and reported in the order of the document, and null means that the field is absent.
 */

import type { JsonSchema } from '@kcp-ts/api';
import { formatQuantity, parseQuantity, quantityProblem, roundedToMilli } from '@kcp-ts/api';
import { isExactInteger } from '@kcp-ts/base';
import { isDateTime } from './formats.ts';
import type { JsonObject } from './json-value.ts';
import { isJsonObject, isNumber, jsonKind } from './json-value.ts';
import { objectMetaSchema } from './object-meta-schema.ts';

export interface Decoded {
  /**
   * Go's text of the first value of a wrong type. The object is then half decoded and of no use.
   */
  readonly error?: string;
  /** `spec.ports[0].x`, in the order of the document. */
  readonly unknown: string[];
}

/**
 * Where in Go's types a value stands: the name of the innermost struct and the names of the fields
 * to it.
 */
interface Place {
  readonly struct: string;
  readonly fields: string;
}

type Decode = (value: unknown, unknown: string[], place: Place) => string | undefined;

const int32 = { low: -(2 ** 31), high: 2 ** 31 - 1 };
/** Exact integers have at most 64 bits. */
const int64 = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** At most so many unknown fields are reported. */
const unknownMax = 1_000;

function mismatch(value: string, type: string, place: Place): string {
  const target = place.fields === '' ? 'Go value' : `Go struct field ${place.struct}.${place.fields}`;
  return `json: cannot unmarshal ${value} into ${target} of type ${type}`;
}

/** The name that Go's type has in messages. */
function goTypeOf(schema: JsonSchema): string {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return '[]uint8';
      return schema.title ?? 'string';
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format === 'int32' ? 'int32' : 'int64';
    case 'number':
      return 'float64';
    case 'array':
      return `[]${schema.items === undefined ? 'interface {}' : goTypeOf(schema.items)}`;
    default:
      if (typeof schema.additionalProperties === 'object') return `map[string]${goTypeOf(schema.additionalProperties)}`;
      return `v1.${schema.title ?? 'Object'}`;
  }
}

/** What a null becomes inside a map or list: the zero value of the type. */
function zeroOf(schema: JsonSchema): unknown {
  switch (schema.type) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    default:
      return schema.type === 'object' && schema.properties !== undefined ? {} : null;
  }
}

function compileScalar(schema: JsonSchema): Decode {
  const type = goTypeOf(schema);
  switch (schema.type) {
    case 'string':
      if (schema.format === 'date-time') return decodeTime;
      if (schema.format === 'byte') return decodeBytes;
      return (value, _unknown, place) =>
        typeof value === 'string' ? undefined : mismatch(jsonKind(value), type, place);
    case 'integer': {
      const { low, high } = schema.format === 'int32' ? int32 : int64;
      return (value, _unknown, place) => {
        if (isExactInteger(value) && value >= low && value <= high) return undefined;
        return mismatch(isNumber(value) ? `number ${value}` : jsonKind(value), type, place);
      };
    }
    default:
      return (value, _unknown, place) => {
        const fits = schema.type === 'number' ? isNumber(value) : typeof value === schema.type;
        return fits ? undefined : mismatch(jsonKind(value), type, place);
      };
  }
}

function decodeTime(value: unknown, _unknown: string[], place: Place): string | undefined {
  if (typeof value !== 'string') return mismatch(jsonKind(value), 'string', { struct: place.struct, fields: '' });
  if (isDateTime(value)) return undefined;
  const text = JSON.stringify(value);
  return `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`;
}

function decodeBytes(value: unknown, _unknown: string[], place: Place): string | undefined {
  if (typeof value !== 'string') return mismatch(jsonKind(value), '[]uint8', place);
  const at = base64Problem(value);
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
}

/** Where Go's decoder stops; line breaks do not count as data. */
function base64Problem(text: string): number | undefined {
  const body = /^[A-Za-z0-9+/\r\n]*/.exec(text)?.[0] ?? '';
  const digits = body.replace(/[\r\n]/g, '').length;
  const rest = text.slice(body.length).replace(/[\r\n]/g, '');
  const padding = digits % 4 === 0 ? '' : digits % 4 === 3 ? '=' : digits % 4 === 2 ? '==' : undefined;
  if (padding !== undefined && rest === padding) return undefined;
  // For digits that make no whole byte the error names where their group begins.
  return rest === '' ? body.length - (digits % 4) : body.length;
}

function addAt(unknown: string[], from: number, text: string): void {
  for (let index = from; index < unknown.length; index++) {
    const path = unknown[index] ?? '';
    unknown[index] = path.startsWith('[') ? text + path : `${text}.${path}`;
  }
}

function compileList(schema: JsonSchema, struct: string): Decode {
  const type = goTypeOf(schema);
  const items = schema.items ?? {};
  const decode = compileNode(items, struct);
  const zero = zeroOf(items);
  return (value, unknown, place) => {
    if (!Array.isArray(value)) return mismatch(jsonKind(value), type, place);
    for (let index = 0; index < value.length; index++) {
      if (value[index] === null) {
        value[index] = zero;
        continue;
      }
      const before = unknown.length;
      const error = decode(value[index], unknown, place);
      if (error !== undefined) return error;
      if (unknown.length > before) addAt(unknown, before, `[${index}]`);
    }
    return undefined;
  };
}

/** A map of quantities; each becomes its canonical text. Go decodes any value by its JSON text. */
function decodeQuantities(value: unknown, type: string, place: Place): string | undefined {
  if (!isJsonObject(value)) return mismatch(jsonKind(value), type, place);
  for (const key in value) {
    const sent = value[key];
    const text = sent === null ? '0' : typeof sent === 'string' ? sent.trim() : (JSON.stringify(sent) ?? '');
    const quantity = parseQuantity(text);
    if (quantity === undefined) return quantityProblem(text);
    value[key] = formatQuantity(roundedToMilli(quantity));
  }
  return undefined;
}

function compileMap(schema: JsonSchema, values: JsonSchema, struct: string): Decode {
  if (values.format === 'quantity')
    return (value, _unknown, place) => decodeQuantities(value, 'v1.ResourceList', place);
  const type = goTypeOf(schema);
  const decode = compileNode(values, struct);
  const zero = zeroOf(values);
  return (value, unknown, place) => {
    if (!isJsonObject(value)) return mismatch(jsonKind(value), type, place);
    for (const key in value) {
      if (value[key] === null) {
        value[key] = zero;
        continue;
      }
      const before = unknown.length;
      const error = decode(value[key], unknown, place);
      if (error !== undefined) return error;
      if (unknown.length > before) addAt(unknown, before, key);
    }
    return undefined;
  };
}

interface Field {
  readonly decode: Decode;
}

function compileStruct(schema: JsonSchema, struct: string): Decode {
  const type = goTypeOf({ title: struct, ...schema });
  const fields = new Map<string, Field>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    fields.set(key, { decode: compileNode(property, property.title ?? structOf(struct, key, property)) });
  }
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return (value, unknown, place) => {
    if (!isJsonObject(value)) return mismatch(jsonKind(value), type, place);
    const prefix = place.fields === '' ? '' : `${place.fields}.`;
    for (const key in value) {
      const field = fields.get(key);
      if (field === undefined) {
        if (preserve) continue;
        if (unknown.length < unknownMax) unknown.push(key);
        delete value[key];
        continue;
      }
      const member = value[key];
      if (member === null) {
        delete value[key];
        continue;
      }
      const before = unknown.length;
      const error = field.decode(member, unknown, { struct, fields: prefix + key });
      if (error !== undefined) return error;
      if (unknown.length > before) addAt(unknown, before, key);
    }
    return undefined;
  };
}

/** Go's usual name for the type of a field, where the schema does not give it as its title. */
function structOf(parent: string, key: string, schema: JsonSchema): string {
  const title =
    schema.items?.title ??
    (typeof schema.additionalProperties === 'object' ? schema.additionalProperties.title : undefined);
  if (title !== undefined) return title;
  const name = key.charAt(0).toUpperCase() + key.slice(1);
  return key === 'spec' || key === 'status' ? parent + name : schema.type === 'array' ? name.replace(/s$/, '') : name;
}

/** All schemas share the decoder of metadata. */
const decodeMetadata = compileStruct(objectMetaSchema, 'ObjectMeta');

/**
 * Decodes metadata in place, whatever it is the metadata of; Go's text of the first value of a
 * wrong type. Adds the paths of unknown fields.
 */
export function decodeObjectMeta(metadata: unknown, unknown: string[]): string | undefined {
  return decodeMetadata(metadata, unknown, { struct: 'ObjectMeta', fields: '' });
}

function compileNode(schema: JsonSchema, struct: string): Decode {
  if (schema === objectMetaSchema) return decodeMetadata;
  if (schema.type === undefined) return () => undefined;
  if (schema.type === 'array') return compileList(schema, schema.items?.title ?? struct);
  if (schema.type !== 'object') return compileScalar(schema);
  if (typeof schema.additionalProperties === 'object') {
    return compileMap(schema, schema.additionalProperties, schema.additionalProperties.title ?? struct);
  }
  if (schema.properties === undefined && schema['x-kubernetes-preserve-unknown-fields'] === true) {
    return (value, _unknown, place) =>
      isJsonObject(value) ? undefined : mismatch(jsonKind(value), goTypeOf(schema), place);
  }
  return compileStruct(schema, schema.title ?? struct);
}

/** A function that decodes in place. `struct` names the Go type of the whole. */
export function compileDecode(schema: JsonSchema, struct: string): (object: JsonObject) => Decoded {
  const decode = compileNode(schema, struct);
  return (object) => {
    const unknown: string[] = [];
    const error = decode(object, unknown, { struct, fields: '' });
    return error === undefined ? { unknown } : { error, unknown };
  };
}
