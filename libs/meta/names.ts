/** What names, labels and annotations may look like, with apimachinery's messages: clients show them as they are. */
import type { FieldError } from './field-error.ts';
import { invalidValue } from './field-error.ts';

const labelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const qualifiedFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const valueFormat = `(${qualifiedFormat})?`;

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const labelLengthMax = 63;
const subdomainLengthMax = 253;
const annotationsBytesMax = 256 * 1024;

function tooLong(max: number): string {
  return `must be no more than ${max} bytes`;
}

function problems(text: string, max: number, pattern: RegExp, message: string): string[] {
  const found: string[] = [];
  if (text.length > max) found.push(tooLong(max));
  if (!pattern.test(text)) found.push(message);
  return found;
}

/** RFC 1123 subdomain: the names of most objects. */
export function validateDnsSubdomain(text: string): string[] {
  return problems(
    text,
    subdomainLengthMax,
    subdomain,
    `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainFormat}')`,
  );
}

/** RFC 1123 label: namespaces. */
export function validateDnsLabel(text: string): string[] {
  return problems(
    text,
    labelLengthMax,
    label,
    `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelFormat}')`,
  );
}

/** Whatever can stand in a path: RBAC names. */
export function validatePathSegmentName(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
}

/** `prefix/name` or `name`: label keys, finalizers. */
export function validateQualifiedName(text: string): string[] {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const found: string[] = [];
  const form = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedFormat}')`;
  if (parts.length > 2) return [`a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedFormat}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  if (parts.length === 2) {
    if (parts[0] === '') found.push('prefix part must be non-empty');
    else found.push(...validateDnsSubdomain(parts[0] ?? '').map((problem) => `prefix part ${problem}`));
  }
  if (name === '') found.push('name part must be non-empty');
  else if (name.length > labelLengthMax) found.push(`name part ${tooLong(labelLengthMax)}`);
  if (!qualified.test(name)) found.push(form);
  return found;
}

export function validateLabelValue(text: string): string[] {
  if (text === '') return [];
  return problems(
    text,
    labelLengthMax,
    qualified,
    `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${valueFormat}')`,
  );
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    for (const problem of validateQualifiedName(key)) errors.push(invalidValue(field, key, problem));
    const value = labels[key] ?? '';
    for (const problem of validateLabelValue(value)) errors.push(invalidValue(field, value, problem));
  }
  return errors;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    for (const problem of validateQualifiedName(key.toLowerCase())) errors.push(invalidValue(field, key, problem));
    bytes += key.length + (annotations[key]?.length ?? 0);
  }
  if (bytes > annotationsBytesMax) errors.push({ kind: 'TooLong', field, message: `Too long: may not be more than ${annotationsBytesMax} bytes` });
  return errors;
}
