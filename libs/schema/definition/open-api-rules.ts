/** What one node of a schema may say, whatever stands around it. */
import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '@kcp-ts/api';
import type { JsonObject } from '../json-value.ts';
import { isJsonObject } from '../json-value.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupportedKeys = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];
const scalars = new Set(['string', 'integer', 'number', 'boolean']);

function checkWords(schema: JsonObject, path: string, errors: FieldError[]): void {
  for (const key of unsupportedKeys) {
    const value = schema[key];
    if (value === undefined || value === null || value === '') continue;
    errors.push(forbiddenField(`${path}.${key}`, `${key} is not supported`));
  }
  const type = schema['type'];
  if (type === 'null')
    errors.push(forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  else if (type !== undefined && type !== '' && !types.includes(String(type))) {
    errors.push(unsupportedValue(`${path}.type`, type, types));
  }
  if (Array.isArray(schema['items'])) {
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  }
  if (schema['uniqueItems'] === true) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenField(`${path}.uniqueItems`, why));
  }
  const additional = schema['additionalProperties'];
  const hasProperties = isJsonObject(schema['properties']) && Object.keys(schema['properties']).length > 0;
  if (hasProperties && (additional === false || isJsonObject(additional))) {
    errors.push(
      forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  }
  if (schema['x-kubernetes-validations'] !== undefined && schema['x-kubernetes-validations'] !== null) {
    const why = 'CEL validation rules are not supported yet by this server';
    errors.push(forbiddenField(`${path}.x-kubernetes-validations`, why));
  }
}

function checkTypeOf(
  schema: JsonSchema,
  wanted: 'array' | 'object',
  key: string,
  path: string,
  errors: FieldError[],
): void {
  if (schema.type === wanted) return;
  const why = `must be ${wanted} if ${key} is specified`;
  errors.push(
    schema.type === undefined ? requiredValue(`${path}.type`, why) : invalidValue(`${path}.type`, schema.type, why),
  );
}

function checkMapKeys(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.push(requiredValue(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  const { items } = schema;
  if (items === undefined) {
    errors.push(requiredValue(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalidValue(`${path}.items.type`, items.type ?? '', why));
  }
  for (const key of keys) {
    const property = items.properties?.[key];
    const propertyPath = `${path}.items.properties[${key}]`;
    if (property === undefined)
      errors.push(invalidValue(keysPath, keys, 'entries must all be names of item properties'));
    else if (property.type === undefined || !scalars.has(property.type)) {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(`${propertyPath}.type`, property.type ?? '', why));
    } else if (property.default === undefined && items.required?.includes(key) !== true) {
      const why = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.push(requiredValue(`${propertyPath}.default`, why));
    }
  }
  if (new Set(keys).size < keys.length) {
    errors.push(invalidValue(keysPath, keys, 'must not contain duplicate entries'));
  }
}

function checkLists(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const listTypePath = `${path}.x-kubernetes-list-type`;
  if (listType !== undefined) {
    checkTypeOf(schema, 'array', 'x-kubernetes-list-type', path, errors);
    const known = ['atomic', 'set', 'map'];
    if (!known.includes(listType)) errors.push(unsupportedValue(listTypePath, listType, known));
  }
  if ((schema['x-kubernetes-list-map-keys']?.length ?? 0) > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? requiredValue(listTypePath, why) : invalidValue(listTypePath, listType, why));
  }
  if (listType === 'map') checkMapKeys(schema, path, errors);
  if (listType === 'set' && schema.items === undefined) {
    errors.push(requiredValue(`${path}.items`, 'must have a schema if x-kubernetes-list-type is set'));
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  checkTypeOf(schema, 'object', 'x-kubernetes-map-type', path, errors);
  const known = ['atomic', 'granular'];
  if (!known.includes(mapType)) errors.push(unsupportedValue(`${path}.x-kubernetes-map-type`, mapType, known));
}

/** Checks a schema and all schemas in it. */
export function checkOpenApiRules(schema: JsonSchema, path: string, errors: FieldError[]): void {
  checkWords(schema as JsonObject, path, errors);
  checkLists(schema, path, errors);
  const below = (child: unknown, childPath: string): void => {
    if (isJsonObject(child)) checkOpenApiRules(child as JsonSchema, childPath, errors);
  };
  below(schema.additionalProperties, `${path}.additionalProperties`);
  const { properties } = schema;
  for (const key of Object.keys(properties ?? {}).sort()) below(properties?.[key], `${path}.properties[${key}]`);
  below(schema.not, `${path}.not`);
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, child] of (schema[key] ?? []).entries()) below(child, `${path}.${key}[${index}]`);
  }
  below(schema.items, `${path}.items`);
}
