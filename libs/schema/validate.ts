/** Validation of values, in kube-openapi's words and order: what the schema says of a value itself, then of what is in it. */
import type { FieldError, FieldErrorKind, JsonSchema } from '@kcp-ts/meta';
import { duplicateValue, formatFieldValue, requiredValue, unsupportedValue } from '@kcp-ts/meta';
import { isDeepStrictEqual } from 'node:util';
import type { FormatCheck } from './formats.ts';
import { formats } from './formats.ts';
import type { PatternTest } from './pattern.ts';
import { compilePattern } from './pattern.ts';
import { childPath, isObject, itemPath, jsonType } from './walk.ts';

export type Check = (value: unknown, path: string, errors: FieldError[]) => void;

function inBody(path: string, value: unknown, text: string, kind: FieldErrorKind = 'Invalid'): FieldError {
  return { kind, field: path === '' ? '<nil>' : path, message: `Invalid value: ${formatFieldValue(value)}: ${path} in body ${text}` };
}

function typeCheck(schema: JsonSchema): Check | undefined {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const wanted = intOrString ? 'integer,string' : schema.type;
  if (wanted === undefined) return undefined;
  const quantity = intOrString && schema.format === 'quantity';
  const fits = (value: unknown) => {
    const type = jsonType(value);
    if (intOrString) return type === 'integer' || type === 'string' || (quantity && type === 'number');
    return type === wanted || (wanted === 'number' && type === 'integer');
  };
  return (value, path, errors) => {
    if (fits(value)) return;
    errors.push({ ...inBody(path, jsonType(value), `must be of type ${wanted}: ${JSON.stringify(jsonType(value))}`, 'TypeInvalid') });
  };
}

function stringChecks(schema: JsonSchema): Check[] {
  const checks: Check[] = [];
  const { maxLength, minLength, pattern } = schema;
  const length = (text: string) => [...text].length;
  if (maxLength !== undefined) {
    checks.push((value, path, errors) => {
      if (typeof value === 'string' && value.length > maxLength && length(value) > maxLength) {
        errors.push({ kind: 'TooLong', field: path, message: `Too long: may not be more than ${maxLength} bytes` });
      }
    });
  }
  if (minLength !== undefined) {
    checks.push((value, path, errors) => {
      if (typeof value === 'string' && length(value) < minLength) errors.push(inBody(path, value, `should be at least ${minLength} chars long`));
    });
  }
  if (pattern !== undefined) {
    let test: PatternTest | undefined;
    checks.push((value, path, errors) => {
      if (typeof value !== 'string') return;
      test ??= compilePattern(pattern);
      if (!test(value)) errors.push(inBody(path, value, `should match '${pattern}'`));
    });
  }
  return checks;
}

function numberChecks(schema: JsonSchema): Check[] {
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema;
  const checks: Check[] = [];
  const add = (fails: (value: number) => boolean, text: string) =>
    checks.push((value, path, errors) => {
      if (typeof value === 'number' && fails(value)) errors.push(inBody(path, value, text));
    });
  if (maximum !== undefined && exclusiveMaximum === true) add((value) => value >= maximum, `should be less than ${maximum}`);
  else if (maximum !== undefined) add((value) => value > maximum, `should be less than or equal to ${maximum}`);
  if (minimum !== undefined && exclusiveMinimum === true) add((value) => value <= minimum, `should be greater than ${minimum}`);
  else if (minimum !== undefined) add((value) => value < minimum, `should be greater than or equal to ${minimum}`);
  if (multipleOf !== undefined) add((value) => !Number.isInteger(value / multipleOf), `should be a multiple of ${multipleOf}`);
  return checks;
}

function formatCheck(schema: JsonSchema): Check | undefined {
  const { format } = schema;
  const check: FormatCheck | undefined = format === undefined ? undefined : formats[format];
  if (check === undefined) return undefined;
  return (value, path, errors) => {
    if (!check(value)) errors.push(inBody(path, value, `must be of type ${format}: ${formatFieldValue(value)}`, 'TypeInvalid'));
  };
}

function enumCheck(schema: JsonSchema): Check | undefined {
  const values = schema.enum;
  if (values === undefined) return undefined;
  const texts = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return (value, path, errors) => {
    if (!values.some((allowed) => isDeepStrictEqual(allowed, value))) errors.push(unsupportedValue(path === '' ? '<nil>' : path, value, texts));
  };
}

function objectCheck(schema: JsonSchema): Check {
  const properties = Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compileCheck(child)] as const);
  const known = new Set(properties.map(([name]) => name));
  const others = typeof schema.additionalProperties === 'object' ? compileCheck(schema.additionalProperties) : undefined;
  const { required = [], minProperties, maxProperties } = schema;
  return (value, path, errors) => {
    if (!isObject(value)) return;
    const count = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(value).length;
    if (maxProperties !== undefined && count > maxProperties) {
      errors.push({ kind: 'TooMany', field: path, message: `Too many: ${count}: must have at most ${maxProperties} items` });
    }
    if (minProperties !== undefined && count < minProperties) errors.push(inBody(path, count, `should have at least ${minProperties} properties`));
    for (const name of required) if (value[name] === undefined) errors.push(requiredValue(childPath(path, name)));
    for (const [name, check] of properties) if (value[name] !== undefined) check(value[name], childPath(path, name), errors);
    if (others !== undefined) for (const name in value) if (!known.has(name)) others(value[name], childPath(path, name), errors);
  };
}

function arrayCheck(schema: JsonSchema): Check {
  const items = schema.items === undefined ? undefined : compileCheck(schema.items);
  const { minItems, maxItems, uniqueItems } = schema;
  return (value, path, errors) => {
    if (!Array.isArray(value)) return;
    if (minItems !== undefined && value.length < minItems) errors.push(inBody(path, value.length, `should have at least ${minItems} items`));
    if (maxItems !== undefined && value.length > maxItems) {
      errors.push({ kind: 'TooMany', field: path, message: `Too many: ${value.length}: must have at most ${maxItems} items` });
    }
    if (uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length) errors.push(inBody(path, value, 'shouldn\'t contain duplicates'));
    if (items !== undefined) for (const [i, item] of value.entries()) items(item, itemPath(path, i), errors);
  };
}

function combinedChecks(schema: JsonSchema): Check[] {
  const checks: Check[] = [];
  const passes = (check: Check, value: unknown, path: string) => {
    const found: FieldError[] = [];
    check(value, path, found);
    return found.length === 0;
  };
  const { allOf, anyOf, oneOf, not } = schema;
  if (anyOf !== undefined) {
    const options = anyOf.map(compileCheck);
    checks.push((value, path, errors) => {
      if (!options.some((check) => passes(check, value, path))) errors.push({ kind: 'Invalid', field: path === '' ? '<nil>' : path, message: `Invalid value: "": ${JSON.stringify(path)} must validate at least one schema (anyOf)` });
    });
  }
  if (oneOf !== undefined) {
    const options = oneOf.map(compileCheck);
    checks.push((value, path, errors) => {
      const count = options.filter((check) => passes(check, value, path)).length;
      if (count === 1) return;
      const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
      errors.push({ kind: 'Invalid', field: path === '' ? '<nil>' : path, message: `Invalid value: "": ${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}` });
    });
  }
  if (allOf !== undefined) {
    const all = allOf.map(compileCheck);
    checks.push((value, path, errors) => {
      for (const check of all) check(value, path, errors);
    });
  }
  if (not !== undefined) {
    const never = compileCheck(not);
    checks.push((value, path, errors) => {
      if (passes(never, value, path)) errors.push({ kind: 'Invalid', field: path === '' ? '<nil>' : path, message: `Invalid value: "": ${JSON.stringify(path)} must not validate the schema (not)` });
    });
  }
  return checks;
}

/** Everything but list types, which are checked over the whole object afterwards. */
export function compileCheck(schema: JsonSchema): Check {
  const ownType = typeCheck(schema);
  const checks: Check[] = [];
  for (const check of [formatCheck(schema), ...stringChecks(schema), ...numberChecks(schema), enumCheck(schema)]) if (check !== undefined) checks.push(check);
  if (schema.properties !== undefined || schema.additionalProperties !== undefined || schema.required !== undefined || schema.maxProperties !== undefined || schema.minProperties !== undefined) {
    checks.push(objectCheck(schema));
  }
  if (schema.type === 'array' || schema.items !== undefined) checks.push(arrayCheck(schema));
  checks.push(...combinedChecks(schema));
  const nullable = schema.nullable === true;
  return (value, path, errors) => {
    if (value === null && nullable) return;
    const before = errors.length;
    ownType?.(value, path, errors);
    // A value of the wrong type has no length, range or fields to speak of.
    if (errors.length > before) return;
    for (const check of checks) check(value, path, errors);
  };
}

/** Lists that are sets or maps hold each item or key once. */
export function compileListTypes(schema: JsonSchema): Check | undefined {
  const inner: [string | undefined, Check][] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const check = compileListTypes(child);
    if (check !== undefined) inner.push([name, check]);
  }
  const others = typeof schema.additionalProperties === 'object' ? compileListTypes(schema.additionalProperties) : undefined;
  const items = schema.items === undefined ? undefined : compileListTypes(schema.items);
  const type = schema['x-kubernetes-list-type'];
  const keys = type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined;
  if (inner.length === 0 && others === undefined && items === undefined && type !== 'set' && keys === undefined) return undefined;
  return (value, path, errors) => {
    if (Array.isArray(value)) {
      if (type === 'set' || keys !== undefined) checkUnique(value, keys, path, errors);
      if (items !== undefined) for (const [i, item] of value.entries()) items(item, itemPath(path, i), errors);
    } else if (isObject(value)) {
      for (const [name, check] of inner) if (name !== undefined && value[name] !== undefined) check(value[name], childPath(path, name), errors);
      if (others !== undefined) for (const name in value) if (schema.properties?.[name] === undefined) others(value[name], childPath(path, name), errors);
    }
  };
}

function checkUnique(list: readonly unknown[], keys: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const identity = keys === undefined ? item : keyOf(item, keys);
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(duplicateValue(itemPath(path, i), identity));
    seen.add(text);
  }
}

function keyOf(item: unknown, keys: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (isObject(item)) for (const key of keys) if (item[key] !== undefined) found[key] = item[key];
  return found;
}
