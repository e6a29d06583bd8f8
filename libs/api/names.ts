/**
 * Names, labels and annotations: what Kubernetes allows, and its words for what it does not. Each
 * check gives the messages, none for good text.
 */
import type { FieldError } from './field-error.ts';
import { invalidValue } from './field-error.ts';

const subdomainRule = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const labelRule = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1035Rule = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedRule = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const valueRule = `(${qualifiedRule})?`;

// A dot between labels must stand between letters or digits, so these say the rules above without a
// repeated group.
const edge = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
const badDot = /\.[-.]|-\./;
const labelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const dns1035Pattern = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const qualifiedPattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const annotationBytesMax = 256 * 1024;

function tooLong(limit: number): string {
  return `must be no more than ${limit} bytes`;
}

function ruleText(message: string, rule: string, ...examples: string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${list}regex used for validation is '${rule}')`;
}

/** DNS-1123 subdomain: most objects' names. */
export function validateDnsSubdomain(text: string): string[] {
  const messages: string[] = [];
  if (text.length > 253) messages.push(tooLong(253));
  if (!edge.test(text) || badDot.test(text)) {
    const message =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    messages.push(ruleText(message, subdomainRule, 'example.com'));
  }
  return messages;
}

/** DNS-1123 label: namespaces, services. */
export function validateDnsLabel(text: string): string[] {
  const messages: string[] = [];
  if (text.length > 63) messages.push(tooLong(63));
  if (!labelPattern.test(text)) {
    const message =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    messages.push(ruleText(message, labelRule, 'my-name', '123-abc'));
  }
  return messages;
}

/** DNS-1035 label: resources and versions of definitions. */
export function validateDns1035Label(text: string): string[] {
  const messages: string[] = [];
  if (text.length > 63) messages.push(tooLong(63));
  if (!dns1035Pattern.test(text)) {
    const message =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    messages.push(ruleText(message, dns1035Rule, 'my-name', 'abc-123'));
  }
  return messages;
}

/** Names that need only be one segment of a URL: RBAC's. */
export function validatePathSegmentName(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
}

/** A name or label value without a prefix, of at most 63 characters. */
const plainName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** A qualified name: an annotation's key or a finalizer; a label's key, where `what` says so. */
export function validateQualifiedName(text: string, what = 'a qualified name'): string[] {
  // Nearly all are short, plain and right.
  if (plainName.test(text)) return [];
  const messages: string[] = [];
  const parts = text.split('/');
  let name = text;
  if (parts.length === 2) {
    const [prefix = '', last = ''] = parts;
    name = last;
    if (prefix === '') messages.push('prefix part must be non-empty');
    else messages.push(...validateDnsSubdomain(prefix).map((message) => `prefix part ${message}`));
  } else if (parts.length > 2) {
    const message = `${what} must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
    return [
      `${ruleText(message, qualifiedRule, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') messages.push('name part must be non-empty');
  else if (name.length > 63) messages.push(`name part ${tooLong(63)}`);
  if (!qualifiedPattern.test(name)) {
    const message =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    messages.push(`name part ${ruleText(message, qualifiedRule, 'MyName', 'my.name', '123-abc')}`);
  }
  return messages;
}

export function validateLabelValue(text: string): string[] {
  if (plainName.test(text)) return [];
  const messages: string[] = [];
  if (text.length > 63) messages.push(tooLong(63));
  if (text !== '' && !qualifiedPattern.test(text)) {
    const message =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    messages.push(ruleText(message, valueRule, 'MyValue', 'my_value', '12345'));
  }
  return messages;
}

/** All of an object's labels; `field` is usually `metadata.labels`. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const message of validateQualifiedName(key, 'a valid label key'))
      errors.push(invalidValue(field, key, message));
    for (const message of validateLabelValue(value)) errors.push(invalidValue(field, value, message));
  }
  return errors;
}

/** All of an object's annotations: keys in any case, and at most 256 KiB together. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const message of validateQualifiedName(key.toLowerCase())) errors.push(invalidValue(field, key, message));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > annotationBytesMax) {
    errors.push({ kind: 'TooLong', field, message: `Too long: may not be more than ${annotationBytesMax} bytes` });
  }
  return errors;
}
