import { StatusError } from '@kcp-ts/api';
import { threadCpuMs } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { decodeJson } from './decode-json.ts';

const strict = { strict: true, kind: 'ConfigMap' };
const decode = (text: string | Buffer, options = strict) => decodeJson(Buffer.from(text), options);
function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) return error.message;
    throw error;
  }
  return 'no error';
}

describe('decodeJson', () => {
  it('parses what JSON.parse parses', () => {
    const value = { a: [1, -0.5e3, true, null, 'x\n"\\é😀'], b: {}, c: [] };
    expect(decode(JSON.stringify(value, null, 2))).toEqual({ value, duplicates: [] });
  });

  it('says what is wrong in the words of Kubernetes and Go', () => {
    const prefix =
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ";
    expect(messageOf(() => decode('{"a":'))).toBe(`${prefix}unexpected end of JSON input ({"a":)`);
    expect(messageOf(() => decode(''))).toBe(`${prefix}unexpected end of JSON input (<empty>)`);
    expect(messageOf(() => decode('a: b'))).toBe(
      `${prefix}invalid character 'a' looking for beginning of value (613a2062)`,
    );
  });

  it.each([
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['tru', 'unexpected end of JSON input'],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1e+x', "invalid character 'x' in exponent of numeric literal"],
    ['012', "invalid character '1' after top-level value"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['\u0000', "invalid character '\\x00' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['"open', 'unexpected end of JSON input'],
  ])('says of %j: %s', (text, expected) => {
    expect(messageOf(() => decode(text))).toContain(expected);
  });

  it('shows the beginning of a long body only', () => {
    expect(messageOf(() => decode(`{"a":"${'x'.repeat(100)}`))).toMatch(/\(\{"a":"x{24} \.\.\.\)$/);
  });

  it('reports doubled keys as paths, each once, when strict, and keeps the last value', () => {
    const text = '{"data":{"a":"1"},"list":[{},{"b":1,"b":2,"b":3}],"data":{"a.b":1,"\\u0061.b":2}}';
    expect(decode(text)).toEqual({
      value: { data: { 'a.b': 2 }, list: [{}, { b: 3 }] },
      duplicates: ['list[1].b', 'data', 'data.a.b'],
    });
    expect(decode(text, { strict: false, kind: 'ConfigMap' }).duplicates).toEqual([]);
  });

  it('refuses a key that would become a prototype, however it is written', () => {
    for (const key of ['__proto__', '\\u005f_proto__', '__prot\\u006F__']) {
      expect(messageOf(() => decode(`{"a":[{"${key}":{"admin":true}}]}`))).toBe('the key "__proto__" is not allowed');
    }
    expect(decode('{"a":"__proto__","b":"\\u003c"}').value).toEqual({ a: '__proto__', b: '<' });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('refuses deep nesting, and counts brackets in strings for nothing', () => {
    for (const text of [
      '['.repeat(1_000_000),
      `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`,
      `${'['.repeat(501)}${']'.repeat(501)}`,
    ]) {
      expect(messageOf(() => decode(text))).toContain('exceeded max depth');
    }
    expect(decode(`["${'[{'.repeat(10_000)}\\\\\\"${'['.repeat(600)}"]`).value).toHaveLength(1);
    expect(decode(`${'['.repeat(500)}${']'.repeat(500)}`).value).toBeDefined();
  });

  it.each([
    ['distinct keys', `{${Array.from({ length: 200_000 }, (_, i) => `"key${i}":${i}`).join(',')}}`],
    ['one key', `{${'"a":1,'.repeat(500_000)}"a":1}`],
    ['numeric keys', `{${Array.from({ length: 250_000 }, (_, i) => `"${i * 7919}":1`).join(',')}}`],
    ['backslashes', `["${'\\\\'.repeat(1_500_000)}"]`],
    ['an open string of backslashes', `["${'\\\\'.repeat(1_500_000)}`],
    ['quotes', `[${'"",'.repeat(1_000_000)}""]`],
    ['digits', `[${'9'.repeat(3_000_000)}]`],
    ['spaces', `[${' '.repeat(3_000_000)}x]`],
    ['open arrays in a row', '[[],'.repeat(700_000)],
  ])('gets through three megabytes of %s in time', (_name, text) => {
    const start = threadCpuMs();
    try {
      decode(text);
    } catch (error) {
      expect(error).toBeInstanceOf(StatusError);
    }
    expect(threadCpuMs() - start).toBeLessThan(1500);
  });
});

it('reads integers exactly, and refuses more long ones than anybody has', () => {
  const decode = (text: string) => decodeJson(Buffer.from(text), strict);
  expect(decode('{"a": 9223372036854775807, "b": "9223372036854775807"}').value).toEqual({
    a: 9223372036854775807n,
    b: '9223372036854775807',
  });
  expect(decode(`[${Array(20_000).fill('9007199254740993').join()}]`).value).toHaveLength(20_000);
  for (const number of ['9007199254740993', '1e+100', '1E100'])
    expect(() => decode(`[${Array(20_001).fill(number).join()}]`)).toThrow('20000 long numbers');
  expect(() => decode(`[${'9'.repeat(400_000)}]`)).toThrow('20000 long numbers');
});

it('a number that is larger than any is reported if nothing else is wrong', () => {
  const refusalOf = (text: string) => messageOf(() => decodeJson(Buffer.from(text), strict));
  expect(refusalOf('{"a":[-1e999]}')).toContain('json: cannot unmarshal number -1e999 into Go value of type float64');
  expect(refusalOf('{"a":1e999,}')).toContain("invalid character '}' looking for beginning of object key string");
});

it('a patch that is no JSON is called a patch', () => {
  const decode = () => decodeJson(Buffer.from('{nope'), { strict: false, as: 'patch' });
  expect(decode).toThrow("error decoding patch: invalid character 'n' looking for beginning of object key string");
});
