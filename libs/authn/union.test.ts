import type { UserInfo } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import type { RequestVerdict } from './request-authenticator.ts';
import { invalidCredentials, noCredentials, unionOfRequests } from './request-authenticator.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';
import { unionOfTokens } from './token-authenticator.ts';

const credentials = { headers: {}, peer: { address: '127.0.0.1', port: 1, authorized: false } };
const user = (name: string): UserInfo => ({ name, groups: [] });

function union(...verdicts: readonly (RequestVerdict | Promise<RequestVerdict>)[]) {
  return unionOfRequests(verdicts.map((verdict) => ({ authenticate: () => verdict }))).authenticate(credentials);
}

it('the first request authenticator that finds a user decides, whether it answers at once or later', async () => {
  const ann: RequestVerdict = { kind: 'user', user: user('ann') };
  const bob: RequestVerdict = { kind: 'user', user: user('bob') };
  expect(union(noCredentials, ann, bob)).toBe(ann);
  expect(await union(Promise.resolve(noCredentials), ann, Promise.resolve(bob))).toBe(ann);
  expect(await union(invalidCredentials, Promise.resolve(bob))).toBe(bob);
});

it('credentials that are not good refuse a request for which no others are, also when they were found later', async () => {
  expect(union(noCredentials, noCredentials)).toBe(noCredentials);
  expect(union(invalidCredentials, noCredentials)).toBe(invalidCredentials);
  expect(await union(invalidCredentials, Promise.resolve(noCredentials))).toBe(invalidCredentials);
  expect(await union(Promise.resolve(invalidCredentials), noCredentials)).toBe(invalidCredentials);
});

it('a token belongs to the first that knows it', async () => {
  const knows = (token: string, later: boolean): TokenAuthenticator => ({
    authenticate(asked) {
      const found = asked === token ? { user: user(token), audiences: [], untilMs: 1 } : undefined;
      return later ? Promise.resolve(found) : found;
    },
  });
  const tokens = unionOfTokens([knows('a', false), knows('b', true), knows('c', false)]);
  for (const token of ['a', 'b', 'c']) expect((await tokens.authenticate(token))?.user.name).toBe(token);
  expect(await tokens.authenticate('d')).toBeUndefined();
});
