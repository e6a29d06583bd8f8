import { Budget, StatusError } from '@kcp-ts/api';
import { leastCpuMs, threadCpuMs } from '@kcp-ts/testing';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { compilePattern, patternError, safeRegExp } from './pattern.ts';

const budget = () => new Budget(1_000_000, () => StatusError.badRequest('too much'));

it('uses a RegExp for the shapes that are everyday', () => {
  const everyday = [
    '^[a-z]+$',
    '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
    '^v[0-9]+$',
    '^(?:red|blue)$',
    '^[^/]*$',
    '^\\d{4}-\\d{2}$',
  ];
  expect(everyday.filter((pattern) => safeRegExp(pattern) === undefined)).toEqual([]);
});

it('uses no RegExp where the time could grow', () => {
  const risky = [
    '(a+)+$',
    '^(a|a)*$',
    '^a*a*a*$',
    'x*y',
    '^(a?){50}$',
    '^[a-z]*(\\.[a-z]*)*$',
    '(?i)a',
    '^a{0,30}a{0,30}a{0,30}a{0,30}$',
    '\\s',
    'a**',
  ];
  expect(risky.filter((pattern) => safeRegExp(pattern) !== undefined)).toEqual([]);
});

it('answers at once where backtracking would take years', () => {
  const matches = compilePattern('^(a+)+$');
  expect(matches(`${'a'.repeat(200)}b`, budget())).toBe(false);
});

it('ends in bounded time, whatever pattern and text', () => {
  const longest = (pattern: string, text: string) => {
    const matches = compilePattern(pattern);
    const took = [1, 2, 3].map(() => {
      const begin = threadCpuMs();
      try {
        matches(text, budget());
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(StatusError);
      }
      return threadCpuMs() - begin;
    });
    return Math.min(...took);
  };
  const many = 'a'.repeat(500_000);
  const mixed = Array.from({ length: 100_000 }, (_, index) => ((index * 7919) % 13 < 6 ? 'a' : 'b')).join('');
  for (const [pattern, text] of [
    ['(a|b)*a(a|b){15}$', mixed],
    ['^a?a?a?a?a?a?a?a?a?a?a?a*b$', many],
    ['^(a+)+$', `${many}b`],
    ['(a?){1000}a{1000}', many],
    ['^([a-z0-9]([-a-z0-9]*[a-z0-9])?\\.)+[a-z]{2,}$', 'ab-.'.repeat(100_000)],
  ] as const)
    expect([pattern, longest(pattern, text) < 80]).toEqual([pattern, true]);
});

it('a pattern that makes too many instructions is refused without compiling it', () => {
  const texts = ['a{1000}'.repeat(105), '[\\p{L}]{1000}', '((a{100}b){10}){10}'];
  const refuseAll = () => {
    for (const text of texts) expect(patternError(text)).toBe('error parsing regexp: expression too large');
  };
  expect(leastCpuMs(refuseAll)).toBeLessThan(100);
  expect(patternError('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$')).toBeUndefined();
});

it('says the same as RE2', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '[a-c-]', '\\.', '\\d', '(ab)', '(?:a|b)', '[^\\d]');
  const quantifier = fc.constantFrom('', '', '?', '*', '+', '{2}', '{0,3}');
  const body = fc.array(fc.tuple(atom, quantifier), { maxLength: 4 }).map((parts) => parts.flat().join(''));
  const patterns = fc.tuple(fc.constant('^'), body, fc.constantFrom('', '$')).map((parts) => parts.join(''));
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '-', '1', '\n', '\u2028', '😀'), maxLength: 6 });
  fc.assert(
    fc.property(patterns, fc.array(texts, { maxLength: 6 }), (pattern, several) => {
      const fast = safeRegExp(pattern);
      fc.pre(fast !== undefined);
      const slow = RE2JS.compile(pattern);
      for (const text of several) expect(fast?.test(text)).toBe(slow.test(text));
    }),
    { numRuns: 2000 },
  );
});

it('tells what is wrong with a pattern as Go does', () => {
  expect(patternError('(')).toBe('error parsing regexp: missing closing ): `(`');
  expect(patternError('^a$')).toBeUndefined();
});
