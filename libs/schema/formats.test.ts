import type { JsonSchema } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

/** What is wrong with the value of a field `v`, without the field's name. */
function problems(field: JsonSchema, v: unknown): string[] {
  const compiled = compileSchema({ type: 'object', properties: { v: field } }, { dialect: 'custom' });
  return compiled.validate({ v }).map((error) => `${error.field}: ${error.message}`);
}

const int32: JsonSchema = { type: 'integer', format: 'int32' };
const int64: JsonSchema = { type: 'integer', format: 'int64' };
const outOf = (kind: string) => `<nil>: Invalid value: "": Checked value must be of type ${kind} in v`;

it('integers are within their format', () => {
  for (const value of [0, -(2 ** 31), 2 ** 31 - 1]) expect(problems(int32, value)).toEqual([]);
  for (const value of [2 ** 31, -(2 ** 31) - 1, 9007199254740993n])
    expect(problems(int32, value)).toEqual([outOf('integer with format int32')]);
  for (const value of [2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n)]) expect(problems(int64, value)).toEqual([]);
  expect(problems(int64, 2 ** 63)).toEqual([
    'v: Invalid value: "float64": v in body must be of type int64: "float64"',
    outOf('integer with format int64'),
  ]);
});

it('without a format they are of 64 bits, and whole', () => {
  expect(problems({ type: 'integer' }, 2n ** 63n - 1n)).toEqual([]);
  const wrong = 'v: Invalid value: "number": v in body must be of type integer: "number"';
  expect(problems({ type: 'integer' }, 2 ** 63)).toEqual([wrong, outOf('integer (default format)')]);
  expect(problems({ type: 'integer' }, 3.5)).toEqual([wrong, outOf('integer (default format)')]);
  // A float, though within the range.
  expect(problems({ type: 'integer' }, 1e18)).toEqual([wrong]);
  expect(problems({ type: 'integer' }, '3')).toEqual([
    'v: Invalid value: "string": v in body must be of type integer: "string"',
  ]);
});

it('floats are within theirs', () => {
  const float: JsonSchema = { type: 'number', format: 'float' };
  for (const value of [0, 1.5, 3.4e38, -3.4e38, 5n * 10n ** 18n]) expect(problems(float, value)).toEqual([]);
  for (const value of [3.5e38, -3.5e38]) expect(problems(float, value)).toEqual([outOf('number with format float')]);
  expect(problems({ type: 'number', format: 'double' }, 3.5e38)).toEqual([]);
  expect(problems({ type: 'number' }, 2n ** 63n - 1n)).toEqual([]);
});

it('a format that is not one of the type says nothing', () => {
  expect(problems({ type: 'integer', format: 'float' }, 2 ** 40)).toEqual([]);
  expect(problems({ type: 'number', format: 'int32' }, 2 ** 40)).toEqual([]);
  expect(problems({ type: 'string', format: 'int32' }, 'x')).toEqual([]);
  expect(problems({ type: 'string', format: 'wobble' }, 'x')).toEqual([]);
  expect(problems({ type: 'integer', format: 'uuid' }, 3)).toEqual([]);
  expect(problems({ type: 'array', format: 'uuid', items: { type: 'string' } }, ['x'])).toEqual([]);
});

it('a type beside int-or-string says nothing', () => {
  const either: JsonSchema = { type: 'integer', 'x-kubernetes-int-or-string': true };
  for (const value of [1, 'a', 9007199254740993n]) expect(problems(either, value)).toEqual([]);
  for (const value of [1.5, 2 ** 63])
    expect(problems(either, value)).toEqual([
      'v: Invalid value: "number": v in body must be of type integer,string: "number"',
    ]);
  expect(problems(either, true)).toEqual([
    'v: Invalid value: "boolean": v in body must be of type integer,string: "boolean"',
  ]);
  expect(problems(either, null)).toEqual([
    'v: Invalid value: "null": v in body must be of type integer,string: "null"',
  ]);
});

it.each<[format: string, good: readonly string[], bad: readonly string[]]>([
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901', 'x']],
  ['uri', ['https://a.example/b?c', '/path'], ['', 'a b', 'not a uri']],
  ['email', ['a@b.example', 'A B <a@b.example>'], ['nobody', '@b']],
  ['hostname', ['a.example', 'localhost'], ['a..b', '-a', 'x'.repeat(64)]],
  ['ipv4', ['10.0.0.1'], ['256.1.1.1', '::1']],
  ['ipv6', ['::1', 'fe80::1'], ['10.0.0.1', ':::']],
  ['cidr', ['10.0.0.0/8', 'fe80::/10'], ['10.0.0.0', '10.0.0.0/33']],
  [
    'mac',
    ['00:1a:2b:3c:4d:5e', '0000.5e00.5301', '02-00-5e-10-00-00-00-01', Array(20).fill('01').join(':')],
    ['00:1a', Array(7).fill('01').join(':')],
  ],
  ['uuid', ['123E4567-e89b-12d3-a456-426614174000'], ['zz']],
  ['uuid3', ['123e4567-e89b-32d3-a456-426614174000'], ['123e4567-e89b-42d3-a456-426614174000']],
  ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-32d3-a456-426614174000']],
  ['uuid5', ['123e4567-e89b-52d3-a456-426614174000'], ['123e4567-e89b-42d3-a456-426614174000']],
  ['isbn', ['0321751043', '978-0321751041'], ['0321751044', '1']],
  ['isbn10', ['0321751043'], ['978-0321751041']],
  ['isbn13', ['978-0321751041'], ['0321751043']],
  ['creditcard', ['4111 1111 1111 1111', '5555555555554444'], ['4111111111111112', '9111111111111111']],
  ['ssn', ['123-45-6789', '123 45 6789'], ['123456789', '12-345-6789']],
  ['hexcolor', ['#fff', '00FF00'], ['#ffff', 'red']],
  ['rgbcolor', ['rgb(255,0,10)'], ['rgb(256,0,0)', '#fff']],
  ['byte', ['YQ=='], ['***', 'YQ=']],
  ['password', ['anything'], []],
  ['quantity', ['anything'], []],
  ['date', ['2020-02-29'], ['2020-13-01', '2021-02-29']],
  ['duration', ['1h30m', '22 ns', '-1.5s'], ['5 apples', '']],
  ['date-time', ['2020-01-01T00:00:00Z', '2014-12-15T19:30:20.000+01:00'], ['yesterday', '2020-01-01']],
  ['datetime', ['2020-01-01T00:00:00Z'], ['yesterday']],
  ['k8s-short-name', ['a-b', '0'], ['A', '-a', 'a.b', 'x'.repeat(64)]],
  ['k8s-long-name', ['a.b-c', 'x'.repeat(64)], ['A', 'a..b', 'x'.repeat(254)]],
])('%s is checked', (format, good, bad) => {
  const text: JsonSchema = { type: 'string', format };
  for (const value of good) expect(problems(text, value)).toEqual([]);
  for (const value of bad)
    expect(problems(text, value)).toEqual([
      `v: Invalid value: ${JSON.stringify(value)}: v in body must be of type ${format}: ${JSON.stringify(value)}`,
    ]);
  expect(problems(text, 5)).toEqual([`v: Invalid value: "int64": v in body must be of type ${format}: "int64"`]);
});
