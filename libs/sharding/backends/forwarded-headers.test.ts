import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardedHeaders } from './forwarded-headers.ts';

/** As an exchange shows what was received in this order. */
function received(pairs: readonly (readonly [string, string])[]) {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`;
  }
  return { headers, rawHeaders: pairs.flat() };
}

describe('forwardedHeaders', () => {
  it('keeps each group apart, commas and all, and the case of nothing but values', () => {
    const sent = received([
      ['Impersonate-User', 'Ann'],
      ['Impersonate-Group', 'a, b'],
      ['impersonate-group', 'c'],
      ['Impersonate-Extra-Acme.com%2FProject', 'X'],
      ['Accept', 'application/json'],
    ]);
    expect(forwardedHeaders(sent, false)).toEqual({
      accept: 'application/json',
      'impersonate-user': 'Ann',
      'impersonate-group': ['a, b', 'c'],
      'impersonate-extra-acme.com%2fproject': 'X',
    });
  });

  it('hands a token on only where it is asked to', () => {
    const sent = received([['Authorization', 'Bearer x']]);
    expect(forwardedHeaders(sent, true)).toEqual({ authorization: 'Bearer x' });
    expect(forwardedHeaders(sent, false)).toEqual({});
  });

  it('lets no name cross that could say who somebody is, however it is spelled', () => {
    const stem = fc.constantFrom(
      'x-remote-user',
      'x-remote-group',
      'x-remote-uid',
      'x-remote-extra-authentication.kcp.io%2fcluster-name',
      'x-forwarded-for',
      'x-forwarded-client-cert',
      'x-real-ip',
      'forwarded',
      'kcp-identity-assertion',
      'kcp-service',
      'proxy-authorization',
      'cookie',
      'connection',
      'upgrade',
      'te',
      'transfer-encoding',
      'impersonate',
      'impersonate-users',
      '__proto__',
      'constructor',
    );
    const spelled = fc
      .tuple(stem, fc.array(fc.nat(3), { minLength: 4, maxLength: 12 }), fc.constantFrom('', '_', '%20', '-', '.', '~'))
      .map(([name, marks, end]) => {
        const characters = [...name].map((character, index) => {
          const mark = marks[index % marks.length];
          if (mark === 1) return character.toUpperCase();
          return mark === 2 && character === '-' ? '_' : character;
        });
        return `${characters.join('')}${end}`;
      });
    fc.assert(
      fc.property(fc.array(fc.tuple(spelled, fc.string()), { maxLength: 8 }), (pairs) => {
        expect(forwardedHeaders(received(pairs), true)).toEqual({});
      }),
      { numRuns: 2000 },
    );
  });
});
