import { expect, it } from 'vitest';
import { formatFieldValue, invalidValue } from './field-error.ts';

it('objects are written as Go writes JSON, strings as they are', () => {
  expect(formatFieldValue({ rule: 'a < b && c' })).toBe('{"rule":"a \\u003c b \\u0026\\u0026 c"}');
  expect(formatFieldValue('a < b')).toBe('"a < b"');
  expect(formatFieldValue(undefined)).toBe('null');
  expect(invalidValue('spec.n', 11, 'too big')).toEqual({
    kind: 'Invalid',
    field: 'spec.n',
    message: 'Invalid value: 11: too big',
  });
});
