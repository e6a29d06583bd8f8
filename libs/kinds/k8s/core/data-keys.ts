/** What ConfigMaps and Secrets share: names of keys, the bound on their size, immutability. */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import { fieldsOf } from '@kcp-ts/printers';
import { frozenField } from '../../common/immutable.ts';

const keyPattern = /^[-._a-zA-Z0-9]+$/;
const keyLengthMax = 253;

/** The bound of Kubernetes on all values of one object together. */
export const dataBytesMax = 1024 * 1024;

export type Data = Readonly<Record<string, string>>;

export function dataOf(object: KubeObject, field: string): Data {
  return (object[field] ?? {}) as Data;
}

/** Number of keys, for tables. */
export function keyCount(data: unknown): number {
  return Object.keys(fieldsOf(data)).length;
}

export function keyErrors(data: Data, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(data)) {
    const path = `${field}[${key}]`;
    if (key.length > keyLengthMax) errors.push(invalidValue(path, key, `must be no more than ${keyLengthMax} bytes`));
    if (!keyPattern.test(key)) {
      const form =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
      errors.push(invalidValue(path, key, form));
    }
    if (key === '.' || key === '..') errors.push(invalidValue(path, key, `must not be '${key}'`));
    else if (key.startsWith('..')) errors.push(invalidValue(path, key, "must not start with '..'"));
  }
  return errors;
}

export function tooLarge(field: string): FieldError {
  return { kind: 'TooLong', field, message: `Too long: may not be more than ${dataBytesMax} bytes` };
}

/** What may not change once `immutable` is set. */
export function immutableErrors(object: KubeObject, old: KubeObject, fields: readonly string[]): FieldError[] {
  if (old['immutable'] !== true) return [];
  const text = 'field is immutable when `immutable` is set';
  return ['immutable', ...fields].flatMap((field) => frozenField(field, old[field], object[field], text));
}
