import { describe, expect, it } from 'vitest';
import { isExactInteger, jsonInteger, parseJson } from './exact-json.ts';

/** What comes back of a text. */
function again(text: string): string {
  return JSON.stringify(parseJson(text));
}

describe('parseJson', () => {
  it.each([
    '1764403200123456789',
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '{"a":9223372036854775807,"b":[1,2.5,-9223372036854775808,{"c":1764403200123456789}]}',
    '{"resourceVersion":"1764403200123456789","n":1764403200123456789}',
  ])('keeps %s', (text) => {
    expect(again(text)).toBe(text);
  });

  it.each([
    ['9223372036854775808', '9223372036854775808', '9223372036854776000'],
    ['a number of 64 bits without a sign', '18446744073709551615', '18446744073709552000'],
    ['an exponent', '[1e3,1e21,1.5e300,1e-7,1764403200123456789]', '[1000,1e+21,1.5e+300,1e-7,1764403200123456789]'],
    ['a fraction', '1764403200123456789.0', '1764403200123456800'],
    ['many digits behind the point', '[0.30000000000000004,1.10]', '[0.30000000000000004,1.1]'],
    ['zeros behind the point', '{"x":1.0}', '{"x":1}'],
  ])('reads %s as a float', (_name, text, expected) => {
    expect(again(text)).toBe(expected);
  });

  it('gives a bigint for nothing that a number says exactly', () => {
    expect(parseJson('[9007199254740991,-9007199254740991,0000]'.replace('0000', '0'))).toEqual([
      9007199254740991, -9007199254740991, 0,
    ]);
    expect(parseJson('[9007199254740992]')).toEqual([9007199254740992n]);
  });

  it('does not touch what strings and names hold', () => {
    const text = String.raw`{"a: 1764403200123456789 ":"x, 1764403200123456789 \" 1e290, 1764403200123456789","b\\":1764403200123456789,"c":" 1"}`;
    expect(again(text)).toBe(text);
  });

  it('takes no number of a client for a stand-in', () => {
    const text = '[1764403200123456789,1e290,2e290,3E+290,30000e286,1764403200123456790,1e308,-1e300]';
    expect(again(text)).toBe('[1764403200123456789,1e+290,2e+290,3e+290,3e+290,1764403200123456790,1e+308,-1e+300]');
    const long = `1${'0'.repeat(290)}`;
    expect(parseJson(`[${long},9007199254740993]`)).toEqual([1e290, 9007199254740993n]);
  });

  it('reads white space around numbers, and members named like prototypes', () => {
    expect(parseJson('{ "a" :\n\t9007199254740993 , "b": [ 9007199254740993 ] }')).toEqual({
      a: 9007199254740993n,
      b: [9007199254740993n],
    });
    const value = parseJson('{"__proto__":9007199254740993,"constructor":9007199254740993}');
    expect(JSON.stringify(value)).toBe('{"__proto__":9007199254740993,"constructor":9007199254740993}');
  });

  it('refuses what JSON.parse refuses', () => {
    for (const text of ['9007199254740993x', '09007199254740993', '{"a":9007199254740993', '9007199254740993e', '']) {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    }
  });

  it('reads random documents as a reviver that sees each number does', () => {
    let seed = 7;
    const below = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    const digits = (n: number) =>
      Array.from({ length: n }, (_, i) => String(i === 0 ? 1 + below(9) : below(10))).join('');
    const pick = (texts: readonly string[]) => texts[below(texts.length)] ?? '';
    const number = () =>
      pick(['', '-']) +
      digits(1 + below(22)) +
      pick(['', '', `.${below(1000)}`]) +
      pick(['', '', `e${below(290)}`, 'E-3']);
    const value = (depth: number): string => {
      if (depth === 0 || below(3) === 0)
        return below(3) === 0 ? JSON.stringify(`\\" ${number()} ,${number()}`) : number();
      const members = Array.from({ length: below(4) }, () => value(depth - 1));
      return below(2) === 0 ? `[${members.join(', ')}]` : `{${members.map((m, i) => `"k${i}" :${m}`).join(',')}}`;
    };
    const reviver = (_key: string, read: unknown, context?: { readonly source?: string }) =>
      typeof read === 'number' && /^-?\d+$/.test(context?.source ?? '')
        ? jsonInteger(BigInt(context?.source ?? ''))
        : read;
    for (let round = 0; round < 2_000; round++) {
      const text = value(4);
      expect(parseJson(text)).toEqual(JSON.parse(text, reviver));
    }
  });
});

describe('integers', () => {
  it('are exact up to 64 bits', () => {
    expect([0, 2 ** 53 - 1, 9007199254740993n].map(isExactInteger)).toEqual([true, true, true]);
    expect([2 ** 53, 1.5, Number.POSITIVE_INFINITY, '1', null].map(isExactInteger)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
