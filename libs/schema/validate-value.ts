/**
 * Checks of strings, numbers, lists and objects against the plain JSON-schema words, in
 * kube-openapi's order and with its texts.
 */

import type { JsonSchema } from '@kcp-ts/api';
import { formatFieldValue } from '@kcp-ts/api';
import { isExactInteger } from '@kcp-ts/base';
import { costedIdentity, identityOf } from './canonical-json.ts';
import { checkedFormat, formatCheck } from './formats.ts';
import type { JsonObject } from './json-value.ts';
import { hasKey, isNumber } from './json-value.ts';
import { compilePattern } from './pattern.ts';
import { fieldOf, invalidAt, typeInvalid } from './validation-errors.ts';
import type { Run } from './validation-run.ts';

/** Adds what is wrong with a value at a path. */
export type Check<T> = (value: T, path: string, run: Run) => void;

/** Go's kind of a decoded JSON value, as it stands in messages. */
export function goKind(value: unknown): { readonly type: string; readonly format: string } {
  switch (typeof value) {
    case 'string':
      return { type: 'string', format: '' };
    case 'boolean':
      return { type: 'boolean', format: '' };
    case 'number':
    case 'bigint':
      return isExactInteger(value) ? { type: 'integer', format: 'int64' } : { type: 'number', format: 'float64' };
    default:
      return { type: value === null ? 'null' : Array.isArray(value) ? 'array' : 'object', format: '' };
  }
}

function hasType(wanted: string, value: unknown): boolean {
  switch (wanted) {
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return isExactInteger(value);
    case 'number':
      return isNumber(value);
    default:
      return typeof value === wanted;
  }
}

/** Most types have no format: their checks are shared by all schemas. */
const plainTypes: ReadonlyMap<string, Check<unknown>> = new Map(
  ['object', 'array', 'string', 'integer', 'number', 'boolean'].map((type) => [
    type,
    (value, path, run) => {
      if (!hasType(type, value)) run.errors.push(typeInvalid(path, type, goKind(value).type));
    },
  ]),
);

const intOrString: Check<unknown> = (value, path, run) => {
  if (typeof value !== 'string' && !isExactInteger(value)) {
    run.errors.push(typeInvalid(path, 'integer,string', goKind(value).type));
  }
};

/**
 * The type, and for values of a wrong kind under a checked format, the format. Undefined where
 * every value passes.
 */
export function compileType(schema: JsonSchema): Check<unknown> | undefined {
  // A type beside it says nothing more.
  if (schema['x-kubernetes-int-or-string'] === true) return intOrString;
  const { type } = schema;
  if (type === undefined) return undefined;
  const format = checkedFormat(schema);
  if (format === '') return plainTypes.get(type);
  const numeric = type === 'integer' || type === 'number';
  return (value, path, run) => {
    if (hasType(type, value)) return;
    const kind = goKind(value);
    if (typeof value !== 'string' && !Array.isArray(value)) run.errors.push(typeInvalid(path, format, kind.format));
    else if (numeric) run.errors.push(typeInvalid(path, type, kind.type));
  };
}

function textLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) length--;
  }
  return length;
}

/** Length and pattern (the first that fails), then format. */
export function compileString(schema: JsonSchema): Check<string> | undefined {
  const { maxLength, minLength, pattern } = schema;
  const matches = pattern === undefined || pattern === '' ? undefined : compilePattern(pattern);
  const format = checkedFormat(schema);
  const isFormat = formatCheck(format);
  if (maxLength === undefined && minLength === undefined && matches === undefined && isFormat === undefined)
    return undefined;
  return (value, path, run) => {
    run.budget.spend(1 + (value.length >> 7));
    if (maxLength !== undefined && value.length > maxLength && textLength(value) > maxLength) {
      run.errors.push({
        kind: 'TooLong',
        field: fieldOf(path),
        message: `Too long: may not be more than ${maxLength} bytes`,
      });
    } else if (minLength !== undefined && (value.length < minLength || textLength(value) < minLength)) {
      run.errors.push(invalidAt(path, value, `${path} in body should be at least ${minLength} chars long`));
    } else if (matches !== undefined && !matches(value, run.budget)) {
      run.errors.push(invalidAt(path, value, `${path} in body should match '${pattern}'`));
    }
    if (isFormat !== undefined && !isFormat(value)) run.errors.push(typeInvalid(path, format, value));
  };
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor) && factor !== 0) return value % BigInt(factor) === 0n;
  if (isExactInteger(value) && Number.isInteger(factor)) return Number(value) % factor === 0;
  const near = Number(value);
  const quotient = factor < 1 ? (1 / factor) * near : near / factor;
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient));
}

const int32Max = 2 ** 31 - 1;
const int32Min = -(2 ** 31);
const int64End = 2 ** 63;

/** Whether a number is within what its type and format can hold; undefined where all are. */
function compileRange(schema: JsonSchema): ((value: number | bigint) => boolean) | undefined {
  const format = checkedFormat(schema);
  if (schema.type === 'number')
    return format === 'float' ? (value) => Number.isFinite(Math.fround(Number(value))) : undefined;
  // An integer or a string has a range as little as it has one type.
  if (schema.type !== 'integer' || schema['x-kubernetes-int-or-string'] === true) return undefined;
  if (format === 'int32') return (value) => isExactInteger(value) && value >= int32Min && value <= int32Max;
  return (value) => typeof value === 'bigint' || (Number.isInteger(value) && value >= -int64End && value < int64End);
}

/** The range of the type and format, then multipleOf, maximum, minimum. */
export function compileNumber(schema: JsonSchema): Check<number | bigint> | undefined {
  const { maximum, minimum, multipleOf } = schema;
  const isInRange = compileRange(schema);
  if (isInRange === undefined && maximum === undefined && minimum === undefined && multipleOf === undefined)
    return undefined;
  const format = checkedFormat(schema);
  const kind = `${schema.type ?? ''} ${format === '' ? '(default format)' : `with format ${format}`}`;
  const tooBig = schema.exclusiveMaximum === true ? 'less than' : 'less than or equal to';
  const tooSmall = schema.exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
  return (value, path, run) => {
    if (isInRange?.(value) === false) {
      run.errors.push({
        kind: 'Invalid',
        field: '<nil>',
        message: `Invalid value: "": Checked value must be of type ${kind} in ${path}`,
      });
    }
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
      run.errors.push(invalidAt(path, value, `${path} in body should be a multiple of ${multipleOf}`));
    }
    if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
      run.errors.push(invalidAt(path, value, `${path} in body should be ${tooBig} ${maximum}`));
    }
    if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
      run.errors.push(invalidAt(path, value, `${path} in body should be ${tooSmall} ${minimum}`));
    }
  };
}

export function compileEnum(schema: JsonSchema): Check<unknown> | undefined {
  const allowed = schema.enum;
  if (allowed === undefined || allowed.length === 0) return undefined;
  const plain = new Set(allowed.filter((item) => typeof item !== 'object'));
  const deep = new Set(allowed.filter((item) => typeof item === 'object').map(identityOf));
  const supported = allowed
    .map((item) => JSON.stringify(typeof item === 'string' ? item : JSON.stringify(item)))
    .join(', ');
  return (value, path, run) => {
    if (plain.has(value) || (deep.size > 0 && deep.has(costedIdentity(value, run.budget)))) return;
    const text = value === null ? '""' : formatFieldValue(value);
    run.errors.push({
      kind: 'NotSupported',
      field: fieldOf(path),
      message: `Unsupported value: ${text}: supported values: ${supported}`,
    });
  };
}

export function compileListSize(schema: JsonSchema): Check<readonly unknown[]> | undefined {
  const { minItems, maxItems, uniqueItems } = schema;
  if (minItems === undefined && maxItems === undefined && uniqueItems !== true) return undefined;
  return (value, path, run) => {
    if (minItems !== undefined && value.length < minItems) {
      run.errors.push(invalidAt(path, value.length, `${path} in body should have at least ${minItems} items`));
    }
    if (maxItems !== undefined && value.length > maxItems) {
      const message = `Too many: ${value.length}: must have at most ${maxItems} items`;
      run.errors.push({ kind: 'TooMany', field: fieldOf(path), message });
    }
    if (uniqueItems === true && new Set(value.map((item) => costedIdentity(item, run.budget))).size < value.length) {
      run.errors.push(invalidAt(path, '', `${path} in body shouldn't contain duplicates`));
    }
  };
}

/**
 * True where the number of members is out of bounds; nothing else is then said about the object.
 */
export function compileObjectSize(
  schema: JsonSchema,
): ((value: JsonObject, path: string, run: Run) => boolean) | undefined {
  const { minProperties, maxProperties } = schema;
  if (minProperties === undefined && maxProperties === undefined) return undefined;
  return (value, path, run) => {
    const size = Object.keys(value).length;
    run.budget.spend(size);
    if (minProperties !== undefined && size < minProperties) {
      run.errors.push(
        invalidAt(path, minProperties, `${path} in body should have at least ${minProperties} properties`),
      );
      return true;
    }
    if (maxProperties !== undefined && size > maxProperties) {
      const message = `Too many: ${size}: must have at most ${maxProperties} items`;
      run.errors.push({ kind: 'TooMany', field: fieldOf(path), message });
      return true;
    }
    return false;
  };
}

export function checkRequired(required: readonly string[], value: JsonObject, path: string, run: Run): void {
  for (const key of required) {
    if (!hasKey(value, key))
      run.errors.push({ kind: 'Required', field: fieldOf(`${path}.${key}`), message: 'Required value' });
  }
}
