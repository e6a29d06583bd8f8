import { expect, it } from 'vitest';
import { parseFieldSelector, parseLabelSelector } from './parse-selector.ts';
import { StatusError } from './status-error.ts';

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof StatusError && thrown.code === 400) return thrown.message;
    throw thrown;
  }
  return 'no error';
}

it('label selectors read every operator', () => {
  expect(parseLabelSelector('a, !b ,c=1,d==2,e!=3,f in (y,x),g notin (),h=,i>3,j < 9223372036854775807')).toEqual([
    { key: 'a', operator: 'exists' },
    { key: 'b', operator: '!' },
    { key: 'c', operator: 'in', values: ['1'] },
    { key: 'd', operator: 'in', values: ['2'] },
    { key: 'e', operator: 'notin', values: ['3'] },
    { key: 'f', operator: 'in', values: ['x', 'y'] },
    { key: 'g', operator: 'notin', values: [''] },
    { key: 'h', operator: 'in', values: [''] },
    { key: 'i', operator: '>', bound: 3n },
    { key: 'j', operator: '<', bound: 9223372036854775807n },
  ]);
  expect(parseLabelSelector('')).toEqual([]);
});

it('label selectors that cannot be read are refused in the words of apimachinery', () => {
  const texts: Record<string, string> = {
    'a in (': "unable to parse requirement: found '', expected: ',', ')' or identifier",
    'a in (b': "unable to parse requirement: found '', expected: ',' or ')'",
    'a in b': "unable to parse requirement: found 'b' expected: '('",
    'a b': "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    'a=': 'no error',
    'a=b c': "found 'c', expected: ',' or 'end of string'",
    'a,': "found '', expected: identifier after ','",
    'a,,b': "found ',', expected: identifier after ','",
    '!a b': "found 'b', expected: ',' or 'end of string'",
    '=x': "found '=', expected: !, identifier, or 'end of string'",
    'n>x': `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    'n>': `unable to parse requirement: values[0]: Invalid value: "": for 'Gt', 'Lt' operators, the value must be an integer`,
    'n<9223372036854775808': `unable to parse requirement: values[0]: Invalid value: "9223372036854775808": for 'Gt', 'Lt' operators, the value must be an integer`,
  };
  expect(Object.fromEntries(Object.keys(texts).map((text) => [text, refusal(() => parseLabelSelector(text))]))).toEqual(
    texts,
  );
  expect(refusal(() => parseLabelSelector('_a=b'))).toContain('<nil>: Invalid value: "_a": name part must consist of');
  expect(refusal(() => parseLabelSelector('a=b-'))).toContain(
    'values[0][a]: Invalid value: "b-": a valid label must be',
  );
  expect(refusal(() => parseLabelSelector('a>-1'))).toContain('values[0][a]: Invalid value: "-1": a valid label must');
  expect(refusal(() => parseLabelSelector('a/b/c=1'))).toContain(
    '<nil>: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters',
  );
});

it('field selectors read both operators and escapes', () => {
  expect(parseFieldSelector('metadata.name=a,spec.x!=b\\,c\\=d,,status.y==')).toEqual([
    { path: 'metadata.name', operator: '=', value: 'a' },
    { path: 'spec.x', operator: '!=', value: 'b,c=d' },
    { path: 'status.y', operator: '=', value: '' },
  ]);
});

it('field selectors without an operator are refused', () => {
  expect(refusal(() => parseFieldSelector('a=1,b'))).toBe("invalid selector: 'a=1,b'; can't understand 'b'");
  expect(refusal(() => parseFieldSelector('a=b\\x'))).toBe('invalid field selector: invalid escape sequence: \\x');
});
