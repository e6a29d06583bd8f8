import { quoteText } from './quote-text.ts';

/**
 * One reason why an object is not valid, in the words of Kubernetes' field package; a list of them
 * becomes a 422 Status with causes.
 */
export type FieldErrorKind =
  | 'Invalid'
  | 'Required'
  | 'Duplicate'
  | 'NotFound'
  | 'NotSupported'
  | 'Forbidden'
  | 'TooLong'
  | 'TooMany'
  | 'TypeInvalid'
  | 'InternalError';

export interface FieldError {
  readonly kind: FieldErrorKind;
  /** `spec.ports[2].port`, `metadata.labels`; `<nil>` where there is none. */
  readonly field: string;
  /**
   * The message without the field, as in a cause: `Invalid value: 11: spec.size in body should be
   * less than or equal to 10`.
   */
  readonly message: string;
}

const causeReason: Readonly<Record<FieldErrorKind, string>> = {
  Invalid: 'FieldValueInvalid',
  Required: 'FieldValueRequired',
  Duplicate: 'FieldValueDuplicate',
  NotFound: 'FieldValueNotFound',
  NotSupported: 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  TooLong: 'FieldValueTooLong',
  TooMany: 'FieldValueTooMany',
  TypeInvalid: 'FieldValueTypeInvalid',
  InternalError: 'InternalError',
};

export function causeReasonOf(kind: FieldErrorKind): string {
  return causeReason[kind];
}

/** At most so much of a value is shown. */
const shownMax = 4 * 1024;

function shownJson(value: unknown): string {
  const text = typeof value === 'string' ? quoteText(value.slice(0, shownMax)) : JSON.stringify(value);
  return text.length > shownMax * 2 ? `${text.slice(0, shownMax)} ...` : text;
}

/** Go's rendering of a value inside a field error: strings quoted, objects as compact JSON. */
export function formatFieldValue(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  const text = shownJson(value);
  // Go's JSON is safe inside of HTML; its quoted strings need not be.
  return typeof value === 'object' ? text.replace(/[<>&\u2028\u2029]/g, escapeCharacter) : text;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { kind: 'Invalid', field, message: `Invalid value: ${formatFieldValue(value)}: ${detail}` };
}

export function requiredValue(field: string, detail = ''): FieldError {
  return { kind: 'Required', field, message: detail === '' ? 'Required value' : `Required value: ${detail}` };
}

export function duplicateValue(field: string, value: unknown): FieldError {
  return { kind: 'Duplicate', field, message: `Duplicate value: ${formatFieldValue(value)}` };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { kind: 'Forbidden', field, message: `Forbidden: ${detail}` };
}

export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map(quoteText).join(', ');
  return {
    kind: 'NotSupported',
    field,
    message: `Unsupported value: ${formatFieldValue(value)}${list === '' ? '' : `: supported values: ${list}`}`,
  };
}
