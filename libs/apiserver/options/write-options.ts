/**
 * CreateOptions, UpdateOptions and PatchOptions, which come in the query. The rules and their order
 * are those of k8s.io/apimachinery/pkg/apis/meta/v1/validation.
 */
import type { FieldError } from '@kcp-ts/api';
import { forbiddenField, invalidValue, StatusError, unsupportedValue } from '@kcp-ts/api';
import type { FieldValidation } from '@kcp-ts/registry';
import type { Query } from '../query.ts';

export type WriteOptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

const fieldManagerBytesMax = 128;
const fieldValidations = ['', 'Ignore', 'Strict', 'Warn'];

/** The 422 of options that are not valid. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): StatusError {
  return StatusError.invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

/** `All` is the only thing that may be asked for. */
export function dryRunErrors(values: readonly string[]): readonly FieldError[] {
  return values.every((value) => value === 'All') ? [] : [unsupportedValue('dryRun', values, ['All'])];
}

function fieldManagerErrors(manager: string): readonly FieldError[] {
  const field = 'fieldManager';
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > fieldManagerBytesMax) {
    const message = `Too long: may not be more than ${fieldManagerBytesMax} bytes`;
    errors.push({ kind: 'TooLong', field, message });
  }
  // Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of the spaces the
  // plain one.
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(manager))
    errors.push(invalidValue(field, manager, 'should only contain printable characters'));
  return errors;
}

/** Of most requests that services send. */
const noOptions: WriteOptions = { dryRun: false, fieldValidation: 'Warn' };

/**
 * The options of a create, update or patch. Throws StatusError Invalid with every error of theirs.
 */
export function parseWriteOptions(query: Query, kind: WriteOptionsKind): WriteOptions {
  if (query.empty) return noOptions;
  const dryRun = query.all('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors: FieldError[] = [];
  if (kind === 'PatchOptions' && query.has('force'))
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  errors.push(...fieldManagerErrors(query.get('fieldManager') ?? ''), ...dryRunErrors(dryRun));
  if (!fieldValidations.includes(fieldValidation))
    errors.push(unsupportedValue('fieldValidation', fieldValidation, fieldValidations));
  if (errors.length > 0) throw invalidOptions(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
  };
}
