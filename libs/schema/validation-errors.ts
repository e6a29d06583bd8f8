import type { FieldError } from '@kcp-ts/api';
import { formatFieldValue } from '@kcp-ts/api';

/** A validator's path as a field: without the dot in front, `<nil>` at the root. */
export function fieldOf(path: string): string {
  const field = path.startsWith('.') ? path.slice(1) : path;
  return field === '' ? '<nil>' : field;
}

export function invalidAt(path: string, value: unknown, detail: string): FieldError {
  return { kind: 'Invalid', field: fieldOf(path), message: `Invalid value: ${formatFieldValue(value)}: ${detail}` };
}

/** `got` is the kind that was found, or the text that is not of the format. */
export function typeInvalid(path: string, wanted: string, got: string): FieldError {
  const text = formatFieldValue(got);
  return {
    kind: 'TypeInvalid',
    field: fieldOf(path),
    message: `Invalid value: ${text}: ${path} in body must be of type ${wanted}: ${text}`,
  };
}

/** An error of a whole schema (anyOf and the like), which Kubernetes gives without a field. */
export function schemaMismatch(detail: string): FieldError {
  return { kind: 'Invalid', field: '<nil>', message: `Invalid value: "": ${detail}` };
}
