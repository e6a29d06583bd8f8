import { StatusError } from '@kcp-ts/api';
import { leastCpuMs } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { decodeYaml } from './decode-yaml.ts';
import { formatYaml } from './format-yaml.ts';

const strict = { strict: true, kind: 'ConfigMap' };
const decode = (text: string) => decodeYaml(Buffer.from(text), strict);
const decoded = (text: string) => decode(text).value;
function messageOf(text: string): string {
  try {
    decode(text);
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) return error.message;
    throw error;
  }
  return 'no error';
}

describe('decodeYaml', () => {
  it('reads an object as people write it', () => {
    const text =
      '# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  text: |\n    a\n    b\n  one: "1"\n';
    expect(decoded(text)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one' },
      data: { text: 'a\nb\n', one: '1' },
    });
  });

  it.each([
    ['yes', true],
    ['Off', false],
    ['y', true],
    ['~', null],
    ['', null],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['9223372036854775807', 9223372036854775807n],
    ['-0x8000000000000000', -9223372036854775808n],
    ['18446744073709551615', 2 ** 64],
    [`0x${'f'.repeat(80)}`, `0x${'f'.repeat(80)}`],
    ['1e400', '1e400'],
    ['-0b101', -5],
    ['1_000', 1000],
    ['+12', 12],
    ['08', 8],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['1:30', '1:30'],
    ['2001-01-01', '2001-01-01'],
    ['2026-11-21T03:01:37Z', '2026-11-21T03:01:37Z'],
    ['1.2.3', '1.2.3'],
    ['"yes"', 'yes'],
    ["'1'", '1'],
    ['!!str 1', '1'],
    ['!!binary aGk=', 'hi'],
    ['nope', 'nope'],
    ['=', '='],
  ])('reads the scalar %j as Go does', (text, expected) => {
    expect(decoded(`a: ${text}`)).toEqual({ a: expected });
  });

  it('makes every key a string', () => {
    expect(decoded('1: a\ntrue: b\non: c\n')).toEqual({ 1: 'a', true: 'c' });
    expect(messageOf('? [a]\n: b')).toContain('unsupported map key');
  });

  it('takes a body that is JSON as JSON, and flow YAML as YAML', () => {
    expect(decode(' {"a": "\\u0031", "a": "2"}')).toEqual({ value: { a: '2' }, duplicates: ['a'] });
    expect(decoded('{a: b}')).toEqual({ a: 'b' });
  });

  it('says what is wrong in the words of Kubernetes', () => {
    expect(messageOf('a: [')).toBe(
      'the object provided is unrecognized (must be of type ConfigMap): yaml: line 1: did not find expected node content (613a205b)',
    );
    expect(messageOf('a: .inf')).toContain('json: unsupported value');
    expect(messageOf('a: *b')).toContain('yaml: line 1: unidentified alias');
  });

  it('refuses a second document', () => {
    expect(messageOf('a: 1\n---\nb: 2\n')).toContain('expected a single document');
    expect(decoded('---\na: 1\n')).toEqual({ a: 1 });
    expect(decoded('')).toBeNull();
  });

  it('reports doubled keys as paths, but not a key that replaces a merged one', () => {
    expect(decode('a: 1\nb:\n- c: 1\n  c: 2\na: 2\n')).toEqual({
      value: { a: 2, b: [{ c: 2 }] },
      duplicates: ['a', 'b[0].c'],
    });
    const merged = decode('x: &x {a: 1, b: 1}\nw:\n  <<: *x\n  a: 2\nz:\n  b: 2\n  <<: *x\n');
    expect(merged).toEqual({ value: { x: { a: 1, b: 1 }, w: { a: 2, b: 1 }, z: { a: 1, b: 2 } }, duplicates: [] });
  });

  it('shares nothing between the places of an alias', () => {
    const value = decoded('a: &x {one: 1}\nb: *x\n') as { a: { one: number }; b: { one: number } };
    value.a.one = 2;
    expect(value.b.one).toBe(1);
  });

  it('refuses alias bombs and anchors that contain themselves', () => {
    const laughs = [
      'a0: &a0 ["lol"]',
      ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
    ].join('\n');
    expect(messageOf(laughs)).toContain('excessive aliasing');
    expect(messageOf(`a: &a "${'x'.repeat(100_000)}"\nb: [${'*a,'.repeat(1000)}]`)).toContain('excessive aliasing');
    expect(messageOf('a: &a [*a]')).toContain('contains itself');
  });

  it('refuses a key that would become a prototype', () => {
    expect(messageOf('a:\n  __proto__: {b: 1}\n')).toBe('the key "__proto__" is not allowed');
    expect(messageOf('"\\x5f_proto__": 1')).toBe('the key "__proto__" is not allowed');
  });

  it.each([
    ['open lists', '['.repeat(3_000_000)],
    ['keys', Array.from({ length: 200_002 }, (_, i) => `key${i}: v\n`).join('')],
    ['one key', 'a: 1\n'.repeat(600_000)],
    ['aliases', `- &a b\n${'- *a\n'.repeat(600_000)}`],
    ['documents', '---\n'.repeat(700_000)],
    ['merges', `a: &a {b: 1}\n${'c: {<<: *a}\n'.repeat(250_000)}`],
  ])('refuses three megabytes of %s at once', (_name, text) => {
    const refuse = () => expect(() => decode(text)).toThrow('Request entity is too large: a body of YAML has at most');
    // Reading all the keys takes 650 ms, and more where covered lines are counted.
    expect(leastCpuMs(refuse)).toBeLessThan(400);
  });

  it.each([
    ['open lists', '['.repeat(8_000)],
    ['dashes', '- '.repeat(500_000)],
    ['keys', Array.from({ length: 7_999 }, (_, i) => `key${i}: v\n`).join('')],
    ['aliases', `- &a b\n${'- *a\n'.repeat(7_900)}`],
    ['documents', '---\n'.repeat(7_999)],
    ['merges', `a: &a {b: 1}\n${'c: {<<: *a}\n'.repeat(3_900)}`],
  ])('gets through the most %s that a body may have in time', (_name, text) => {
    expect(leastCpuMs(() => messageOf(text))).toBeLessThan(500);
  });
});

describe('formatYaml', () => {
  it('writes what decodeYaml reads, keys in order', () => {
    const value = {
      kind: 'A',
      apiVersion: 'v1',
      data: { on: 'yes', one: '1', t: 'a\nb\n', d: '2001-01-01' },
      list: [{ b: 1, a: null }],
    };
    expect(formatYaml(value)).toMatch(/^apiVersion: v1\ndata:\n/);
    expect(decoded(formatYaml(value))).toEqual(value);
  });
});
