/**
 * Fields that are set once. There is one rule for all of them, whatever words a kind has for it:
 * what differs is refused, and a field that is absent has a value too. So nothing changes in two
 * steps, by way of absence.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '@kcp-ts/api';
import { forbiddenField, invalidValue } from '@kcp-ts/api';

/** A rule's failure, which names no value. */
export function ruleFailed(field: string, message: string): FieldError {
  return { kind: 'Invalid', field, message: `Invalid value: ${message}` };
}

function unlessSame(before: unknown, now: unknown, error: () => FieldError): FieldError[] {
  return isDeepStrictEqual(before, now) ? [] : [error()];
}

/** In the words of a rule in kcp's schemas. */
export function unchanged(field: string, before: unknown, now: unknown, message: string): FieldError[] {
  return unlessSame(before, now, () => ruleFailed(field, message));
}

/** In the words of apimachinery's ValidateImmutableField. */
export function immutableField(field: string, before: unknown, now: unknown): FieldError[] {
  return unlessSame(before, now, () => invalidValue(field, now, 'field is immutable'));
}

/** In the words of objects that became immutable (`why` says when). */
export function frozenField(field: string, before: unknown, now: unknown, why: string): FieldError[] {
  return unlessSame(before, now, () => forbiddenField(field, why));
}
