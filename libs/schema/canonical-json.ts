import { hash } from 'node:crypto';
import type { Budget } from '@kcp-ts/api';

function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  for (let index = 1; index < keys.length; index++)
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort();
  return keys;
}

/**
 * JSON with the keys of every object sorted, so that equal values have equal texts. `undefined`
 * members are left out.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of sortedKeys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/**
 * Equal for equal values and for no others. Strings, which are by far the most, are their own
 * identity and cost nothing.
 */
export function identityOf(value: unknown): string {
  if (typeof value === 'string' && value.charCodeAt(0) !== 0) return value;
  return `\0${canonicalJson(value)}`;
}

/** Characters of canonical JSON that cost one step. */
const charactersPerStep = 16;

/** As `identityOf`, spending what it costs. */
export function costedIdentity(value: unknown, budget: Budget): string {
  const text = identityOf(value);
  budget.spend(1 + Math.ceil(text.length / charactersPerStep));
  return text;
}

/** The content address of a JSON value: SHA-256 of its canonical JSON, in hex. */
export function contentHash(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex');
}
