/**
 * The rules of structural schemas: types outside of the logical junctors, values inside, both
 * complete.
 */
import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { forbiddenField, invalidValue, requiredValue } from '@kcp-ts/api';
import { isJsonObject, jsonEqual } from '../json-value.ts';
import { patternError } from '../pattern.ts';
import type { Checking } from './checking.ts';

type Level = 'root' | 'item' | 'field';

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
const intOrString = [{ type: 'integer' }, { type: 'string' }];
const mustBeEmpty = ['type', 'title', 'description'] as const;
const mustBeFalse = [
  'nullable',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
] as const;
const mustBeUndefined = [
  'additionalProperties',
  'default',
  'externalDocs',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
] as const;

function entriesOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(schema.properties ?? {}).filter(([, property]) => isJsonObject(property));
}

function checkPattern(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const { pattern } = schema;
  if (pattern === undefined || pattern === '') return;
  const wrong = patternError(pattern);
  if (wrong === undefined) return;
  errors.push(invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${wrong}`));
}

/**
 * A node whose check waits: many of them stand below each other, and between any two others may get
 * a turn.
 */
type Waiting = () => void;

function checkJunctors(
  schema: JsonSchema,
  path: string,
  skipAnyOf: boolean,
  errors: FieldError[],
  waiting: Waiting[],
): void {
  if (!(skipAnyOf && jsonEqual(schema.anyOf, intOrString))) {
    for (const [index, child] of (schema.anyOf ?? []).entries())
      waiting.push(() => checkNested(child, `${path}.anyOf[${index}]`, false, errors, waiting));
  }
  for (const [index, child] of (schema.allOf ?? []).entries()) {
    waiting.push(() => checkNested(child, `${path}.allOf[${index}]`, skipAnyOf && index === 0, errors, waiting));
  }
  for (const [index, child] of (schema.oneOf ?? []).entries())
    waiting.push(() => checkNested(child, `${path}.oneOf[${index}]`, false, errors, waiting));
  const { not } = schema;
  if (not !== undefined) waiting.push(() => checkNested(not, `${path}.not`, false, errors, waiting));
  checkPattern(schema, path, errors);
}

/** A schema inside of a junctor may only say something about values. */
function checkNested(
  schema: JsonSchema,
  path: string,
  skipAnyOf: boolean,
  errors: FieldError[],
  waiting: Waiting[],
): void {
  checkJunctors(schema, path, skipAnyOf, errors, waiting);
  const { items } = schema;
  if (items !== undefined) waiting.push(() => checkNested(items, `${path}.items`, false, errors, waiting));
  for (const [key, child] of entriesOf(schema))
    waiting.push(() => checkNested(child, `${path}.properties[${key}]`, false, errors, waiting));
  const forbid = (key: string, why: string): void => {
    errors.push(forbiddenField(`${path}.${key}`, `must be ${why} to be structural`));
  };
  for (const key of mustBeEmpty) if ((schema[key] ?? '') !== '') forbid(key, 'empty');
  for (const key of mustBeFalse) if (schema[key] === true) forbid(key, 'false');
  for (const key of mustBeUndefined) if (schema[key] !== undefined) forbid(key, 'undefined');
  if ((schema['x-kubernetes-list-map-keys']?.length ?? 0) > 0) forbid('x-kubernetes-list-map-keys', 'empty');
  if (schema.properties?.['metadata'] !== undefined) {
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
}

function checkRootFields(schema: JsonSchema, level: Level, path: string, errors: FieldError[]): void {
  for (const key of ['kind', 'apiVersion']) {
    const property = schema.properties?.[key];
    if (property !== undefined && property.type !== 'string') {
      errors.push(invalidValue(`${path}.properties[${key}].type`, property.type ?? '', 'must be string'));
    }
  }
  const metadata = schema.properties?.['metadata'];
  if (metadata === undefined) return;
  const metadataPath = `${path}.properties[metadata]`;
  if (metadata.type !== 'object')
    errors.push(invalidValue(`${metadataPath}.type`, metadata.type ?? '', 'must be object'));
  if (level !== 'root') return;
  const { type: _type, properties = {}, ...rest } = metadata;
  const others = Object.keys(properties).filter((key) => key !== 'name' && key !== 'generateName');
  const structural = ['title', 'description', 'nullable', 'default', 'items', 'additionalProperties', 'externalDocs'];
  if (others.length > 0 || Object.keys(rest).some((key) => key.startsWith('x-') || structural.includes(key))) {
    const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbiddenField(metadataPath, why));
  }
}

function checkType(schema: JsonSchema, level: Level, path: string, errors: FieldError[]): void {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const either = schema['x-kubernetes-int-or-string'] === true;
  const type = schema.type ?? '';
  const typePath = `${path}.type`;
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? requiredValue(typePath, why) : invalidValue(typePath, type, why));
  } else if (type === '' && !either && !preserve) errors.push(requiredValue(typePath, emptyType[level]));
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalidValue(typePath, type, 'must be object at the root'));
  if (embedded && schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(forbiddenField(`${path}.additionalProperties`, why));
  }
  if (embedded && !preserve && entriesOf(schema).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(requiredValue(`${path}.properties`, why));
  }
  for (const key of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (either && schema[key] === true) {
      errors.push(invalidValue(`${path}.${key}`, true, 'must be false if x-kubernetes-int-or-string is true'));
    }
  }
}

function checkNode(schema: JsonSchema, level: Level, path: string, errors: FieldError[], waiting: Waiting[]): void {
  if (schema.type === 'array' && schema.items === undefined)
    errors.push(requiredValue(`${path}.items`, 'must be specified'));
  const { items } = schema;
  if (isJsonObject(items)) waiting.push(() => checkNode(items, 'item', `${path}.items`, errors, waiting));
  for (const [key, property] of entriesOf(schema))
    waiting.push(() => checkNode(property, 'field', `${path}.properties[${key}]`, errors, waiting));
  const additional = schema.additionalProperties;
  if (additional !== undefined && level === 'root') {
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  }
  if (isJsonObject(additional))
    waiting.push(() => checkNode(additional, 'field', `${path}.additionalProperties`, errors, waiting));
  checkJunctors(schema, path, true, errors, waiting);
  checkType(schema, level, path, errors);
  if (level === 'root' || schema['x-kubernetes-embedded-resource'] === true)
    checkRootFields(schema, level, path, errors);
}

/** Everything that a junctor speaks of must be there outside of it. */
function checkCompleteness(
  values: JsonSchema,
  structure: JsonSchema | undefined,
  path: string,
  errors: FieldError[],
): void {
  const preserved = structure?.['x-kubernetes-preserve-unknown-fields'] === true;
  for (const [key, child] of entriesOf(values)) {
    const childPath = `${path}.properties[${key}]`;
    const additional = structure?.additionalProperties;
    const known = structure?.properties?.[key] ?? (typeof additional === 'object' ? additional : undefined);
    if (known === undefined && !preserved) {
      errors.push(
        requiredValue(childPath, 'because it is defined in a junctor, it must be defined outside of it as well'),
      );
    } else checkCompleteness(child, known, childPath, errors);
  }
  if (values.items !== undefined && structure?.items === undefined && !preserved) {
    errors.push(
      requiredValue(`${path}.items`, 'because it is defined in a junctor, it must be defined outside of it as well'),
    );
  } else if (values.items !== undefined) checkCompleteness(values.items, structure?.items, `${path}.items`, errors);
  completeJunctors(values, structure, path, errors);
}

function completeJunctors(
  values: JsonSchema,
  structure: JsonSchema | undefined,
  path: string,
  errors: FieldError[],
): void {
  for (const key of ['allOf', 'anyOf', 'oneOf', 'not'] as const) {
    const children = values[key];
    if (children === undefined) continue;
    const list = Array.isArray(children) ? (children as readonly JsonSchema[]) : [children as JsonSchema];
    for (const child of list) {
      checkCompleteness(child, structure, path, errors);
    }
  }
}

function completeNode(schema: JsonSchema, path: string, errors: FieldError[], waiting: Waiting[]): void {
  completeJunctors(schema, schema, path, errors);
  for (const [key, property] of entriesOf(schema))
    waiting.push(() => completeNode(property, `${path}.properties[${key}]`, errors, waiting));
  const { items, additionalProperties } = schema;
  if (isJsonObject(items)) waiting.push(() => completeNode(items, `${path}.items`, errors, waiting));
  if (isJsonObject(additionalProperties))
    waiting.push(() => completeNode(additionalProperties, `${path}.additionalProperties`, errors, waiting));
}

/** More errors than these are not reported, and not looked for. */
const errorsMax = 1_000;

/** Node by node; sorted by text, as Kubernetes gives them. */
export function* checkStructural(schema: JsonSchema, path: string): Checking<FieldError[]> {
  const errors: FieldError[] = [];
  const waiting: Waiting[] = [];
  waiting.push(
    () => completeNode(schema, path, errors, waiting),
    () => checkNode(schema, 'root', path, errors, waiting),
  );
  for (let check = waiting.pop(); check !== undefined && errors.length < errorsMax; check = waiting.pop()) {
    check();
    yield;
  }
  const texts = new Map(errors.map((error) => [`${error.field}: ${error.message}`, error]));
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, error]) => error);
}
