/**
 * The formats that Kubernetes checks for custom resources (kube-openapi's strfmt); other formats
 * say nothing.
 */

import type { JsonSchema } from '@kcp-ts/api';
import { isIPv4, isIPv6 } from '@kcp-ts/base';

const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z0-9\p{S}\p{L}])(-?[a-zA-Z0-9\p{S}\p{L}]){1,62})$/u;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuid3 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuid4 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const uuid5 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const dateTime = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-](\d{2}):(\d{2}))$/;
const date = /^(\d{4})-(\d{2})-(\d{2})$/;
/** Of 6, 8 or 20 bytes, as Go's net.ParseMAC reads them. */
const mac =
  /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:(?:[0-9a-f]{2}\1){2}|(?:[0-9a-f]{2}\1){14})?[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4}|(?:\.[0-9a-f]{4}){7})?)$/i;
const email = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/;
const namedEmail = /^[^<>@]*<([^<>]+)>$/;
const goDuration =
  /^[+-]?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/;
const wordDuration =
  /^\d+\s*(?:ns|nanoseconds?|us|µs|microseconds?|ms|milliseconds?|s|seconds?|m|minutes?|h|hours?|d|days?|w|weeks?)$/i;
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isDay(match: RegExpExecArray): boolean {
  const month = Number(match[2]);
  const day = Number(match[3]);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(Number(match[1]), month);
}

/** RFC 3339, as Kubernetes' times. */
export function isDateTime(text: string): boolean {
  const match = dateTime.exec(text);
  if (match === null || !isDay(match)) return false;
  return (
    Number(match[4]) <= 23 &&
    Number(match[5]) <= 59 &&
    Number(match[6]) <= 59 &&
    Number(match[7] ?? 0) <= 24 &&
    Number(match[8] ?? 0) <= 60
  );
}

function isDate(text: string): boolean {
  const match = date.exec(text);
  return match !== null && isDay(match);
}

function isUri(text: string): boolean {
  if (text === '' || /[\s\p{Cc}]/u.test(text)) return false;
  return text.startsWith('/') || URL.canParse(text);
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (10 - index) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

/** Visa, Mastercard, Discover, American Express, Diners Club, JCB, UnionPay. */
const issuers =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11}|6[27]\d{14})$/;

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!issuers.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

function isEmail(text: string): boolean {
  return email.test(namedEmail.exec(text)?.[1] ?? text);
}

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part));
}

const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', (text) => /^[0-9a-f]{24}$/i.test(text)],
  ['uri', isUri],
  ['email', isEmail],
  [
    'hostname',
    (text) => text.length <= 255 && hostname.test(text) && text.split('.').every((part) => part.length <= 63),
  ],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['cidr', isCidr],
  ['mac', (text) => mac.test(text)],
  ['uuid', (text) => uuid.test(text)],
  ['uuid3', (text) => uuid3.test(text)],
  ['uuid4', (text) => uuid4.test(text)],
  ['uuid5', (text) => uuid5.test(text)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (text) => /^\d{3}[- ]\d{2}[- ]\d{4}$/.test(text)],
  ['hexcolor', (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)],
  [
    'rgbcolor',
    (text) => /^rgb\(\s*(?:(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*(?:,(?!\s*\))\s*|(?=\)))){3}\)$/.test(text),
  ],
  ['byte', (text) => text !== '' && text.length % 4 === 0 && base64.test(text)],
  ['password', () => true],
  // Known by name alone.
  ['quantity', () => true],
  ['date', isDate],
  ['duration', (text) => goDuration.test(text) || wordDuration.test(text)],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => label.test(text)],
  ['k8slongname', isSubdomain],
]);

const integerFormats = new Set(['int32', 'int64']);
const floatFormats = new Set(['float', 'double']);

/** The check of a format of texts; undefined for others. Hyphens in the name do not count. */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  return formats.get(format.replaceAll('-', ''));
}

/**
 * The format of a schema as far as it is checked: '' for none, and for one that is unknown or not
 * one of the schema's type, as in apiextensions-apiserver.
 */
export function checkedFormat(schema: JsonSchema): string {
  const { format = '' } = schema;
  if (format === '') return '';
  const isKnown = (): boolean => {
    switch (schema['x-kubernetes-int-or-string'] === true ? 'string' : schema.type) {
      case undefined:
      case 'string':
        return formatCheck(format) !== undefined;
      case 'integer':
        return integerFormats.has(format);
      case 'number':
        return floatFormats.has(format);
      default:
        return false;
    }
  };
  return isKnown() ? format : '';
}
