import { expect, it } from 'vitest';
import {
  validateAnnotations,
  validateDns1035Label,
  validateDnsLabel,
  validateDnsSubdomain,
  validateLabels,
  validateLabelValue,
  validatePathSegmentName,
  validateQualifiedName,
} from './names.ts';

it('a subdomain has no empty or dashed labels', () => {
  const good = ['a', 'a-b.c', '1.2.3', 'a--b'];
  const bad = ['', 'A', 'a_b', '-a', 'a-', 'a..b', 'a.-b', 'a-.b', '.a', 'a.', 'a\n'];
  expect(good.filter((text) => validateDnsSubdomain(text).length > 0)).toEqual([]);
  expect(bad.filter((text) => validateDnsSubdomain(text).length === 0)).toEqual([]);
});

it('a subdomain that is too long and wrong has both errors', () => {
  expect(validateDnsSubdomain('A'.repeat(254))).toEqual([
    'must be no more than 253 bytes',
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
});

it('labels of both kinds differ in their first character', () => {
  expect(validateDnsLabel('1a')).toEqual([]);
  expect(validateDns1035Label('1a')).toHaveLength(1);
  expect(validateDnsLabel('a.b')[0]).toContain("(e.g. 'my-name',  or '123-abc', regex");
});

it('a path segment may hold colons and no slashes', () => {
  expect(validatePathSegmentName('system:node')).toEqual([]);
  expect(validatePathSegmentName('..')).toEqual(["may not be '..'"]);
  expect(validatePathSegmentName('a/b%c')).toEqual(["may not contain '/'", "may not contain '%'"]);
});

it('a qualified name may have one prefix', () => {
  expect(validateQualifiedName('example.com/My_name.1')).toEqual([]);
  expect(validateQualifiedName('/x')[0]).toBe('prefix part must be non-empty');
  expect(validateQualifiedName('a/b/c')[0]).toContain(
    "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
  );
  expect(validateQualifiedName('a/')[0]).toBe('name part must be non-empty');
});

it('a label value may be empty and has at most 63 characters', () => {
  expect(validateLabelValue('')).toEqual([]);
  expect(validateLabelValue('x'.repeat(64))).toEqual(['must be no more than 63 bytes']);
});

it('labels have errors key by key and value by value', () => {
  const errors = validateLabels({ 'a b': 'ok', good: 'c d' }, 'metadata.labels');
  expect(errors.map(({ field, message }) => [field, message.slice(0, 20)])).toEqual([
    ['metadata.labels', 'Invalid value: "a b"'],
    ['metadata.labels', 'Invalid value: "c d"'],
  ]);
});

it('annotations hold at most 256 KiB together', () => {
  expect(validateAnnotations({ A: 'x' }, 'metadata.annotations')).toEqual([]);
  expect(validateAnnotations({ a: 'x'.repeat(262_144) }, 'metadata.annotations')).toEqual([
    { kind: 'TooLong', field: 'metadata.annotations', message: 'Too long: may not be more than 262144 bytes' },
  ]);
});
