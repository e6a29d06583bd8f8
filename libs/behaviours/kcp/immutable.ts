/** Fields that may be set once: the rules that kcp's schemas state in CEL, with the texts its clients know. */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '@kcp-ts/meta';

/** A rule's failure, which names no value. */
export function ruleFailed(field: string, message: string): FieldError {
  return { kind: 'Invalid', field, message: `Invalid value: ${message}` };
}

/** An error where a value was changed. */
export function unchanged(field: string, before: unknown, now: unknown, message: string): FieldError[] {
  return isDeepStrictEqual(before, now) ? [] : [ruleFailed(field, message)];
}
