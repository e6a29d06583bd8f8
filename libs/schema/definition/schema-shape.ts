/**
 * That every word of a schema has a value of its kind, as Go's decoder finds out before any other
 * check.
 */
import { isExactInteger } from '@kcp-ts/base';
import { isJsonObject, jsonKind } from '../json-value.ts';

type Kind =
  | 'text'
  | 'flag'
  | 'number'
  | 'count'
  | 'texts'
  | 'list'
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'schemaOrFlag'
  | 'schemaOrList';

const words: Readonly<Record<string, Kind>> = {
  type: 'text',
  title: 'text',
  description: 'text',
  format: 'text',
  pattern: 'text',
  id: 'text',
  $ref: 'text',
  $schema: 'text',
  nullable: 'flag',
  uniqueItems: 'flag',
  exclusiveMinimum: 'flag',
  exclusiveMaximum: 'flag',
  minimum: 'number',
  maximum: 'number',
  multipleOf: 'number',
  minLength: 'count',
  maxLength: 'count',
  minItems: 'count',
  maxItems: 'count',
  minProperties: 'count',
  maxProperties: 'count',
  required: 'texts',
  enum: 'list',
  properties: 'schemaMap',
  patternProperties: 'schemaMap',
  definitions: 'schemaMap',
  additionalProperties: 'schemaOrFlag',
  additionalItems: 'schemaOrFlag',
  items: 'schemaOrList',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  'x-kubernetes-preserve-unknown-fields': 'flag',
  'x-kubernetes-embedded-resource': 'flag',
  'x-kubernetes-int-or-string': 'flag',
  'x-kubernetes-list-type': 'text',
  'x-kubernetes-map-type': 'text',
  'x-kubernetes-list-map-keys': 'texts',
  'x-kubernetes-validations': 'list',
};

const goTypes: Readonly<Record<Kind, string>> = {
  text: 'string',
  flag: 'bool',
  number: 'float64',
  count: 'int64',
  texts: '[]string',
  list: '[]v1.JSON',
  schema: 'v1.JSONSchemaProps',
  schemas: '[]v1.JSONSchemaProps',
  schemaMap: 'map[string]v1.JSONSchemaProps',
  schemaOrFlag: 'v1.JSONSchemaPropsOrBool',
  schemaOrList: 'v1.JSONSchemaPropsOrArray',
};

function fits(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'count':
      return isExactInteger(value);
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'list':
    case 'schemas':
      return Array.isArray(value);
    case 'schema':
    case 'schemaMap':
      return isJsonObject(value);
    case 'schemaOrFlag':
      return isJsonObject(value) || typeof value === 'boolean';
    case 'schemaOrList':
      return isJsonObject(value) || Array.isArray(value);
  }
}

function below(kind: Kind, value: unknown): readonly unknown[] {
  if (kind === 'schema' || kind === 'schemaOrFlag' || kind === 'schemaOrList')
    return isJsonObject(value) ? [value] : [];
  if (kind === 'schemas' && Array.isArray(value)) return value;
  return kind === 'schemaMap' && isJsonObject(value) ? Object.values(value) : [];
}

/** Go's text of the first word with a value of a wrong kind, or undefined. */
export function schemaShapeError(schema: unknown): string | undefined {
  if (!isJsonObject(schema))
    return `json: cannot unmarshal ${jsonKind(schema)} into Go value of type v1.JSONSchemaProps`;
  for (const [word, value] of Object.entries(schema)) {
    const kind = words[word];
    if (kind === undefined || value === null) continue;
    if (!fits(kind, value)) {
      return `json: cannot unmarshal ${jsonKind(value)} into Go struct field JSONSchemaProps.${word} of type ${goTypes[kind]}`;
    }
    for (const child of below(kind, value)) {
      const wrong = schemaShapeError(child);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}
