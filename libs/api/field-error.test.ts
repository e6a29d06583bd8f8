import { expect, it } from 'vitest';
import { formatFieldValue, invalidValue } from './field-error.ts';

it('texts are quoted as Go quotes them', () => {
  expect(formatFieldValue('\x01 !! ')).toBe(String.raw`"\x01 !! "`);
  expect(formatFieldValue('\x07\b\f\n\r\t\v\x7f"\\')).toBe(String.raw`"\a\b\f\n\r\t\v\x7f\"\\"`);
  expect(formatFieldValue('ä€😀 \u00a0\u200b\u{e0001}\u{10ffff}')).toBe(
    String.raw`"ä€😀 \u00a0\u200b\U000e0001\U0010ffff"`,
  );
  expect(formatFieldValue('half \ud800')).toBe('"half \ufffd"');
});

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
