import type { Budget } from '@kcp-ts/api';

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number of JSON: a bigint is one that is exact past 2^53. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The kind of a JSON value in the texts of Go's decoder. */
export function jsonKind(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'number';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'array' : 'object';
    default:
      return typeof value;
  }
}

/** Own keys only: a field named `constructor` or `__proto__` is a field like any other. */
export function hasKey(object: object, key: string): boolean {
  return Object.hasOwn(object, key);
}

/**
 * Equality of JSON values; a member that is `undefined` counts as absent. With a budget each
 * compared value costs a step.
 */
export function jsonEqual(a: unknown, b: unknown, budget?: Budget): boolean {
  budget?.spend(1);
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index], budget));
  }
  if (Array.isArray(b)) return false;
  const left = a as JsonObject;
  const right = b as JsonObject;
  let count = 0;
  for (const key in left) {
    if (left[key] === undefined) continue;
    count++;
    if (!hasKey(right, key) || !jsonEqual(left[key], right[key], budget)) return false;
  }
  for (const key in right) {
    if (right[key] === undefined) continue;
    budget?.spend(1);
    if (--count < 0) return false;
  }
  return count === 0;
}

/** A deep copy of a JSON value that shares nothing with it. */
export function copyJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copyJson) as T;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) setMember(copy, key, copyJson(member));
  return copy as T;
}

/** Sets a member without waking the `__proto__` setter. */
export function setMember(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
