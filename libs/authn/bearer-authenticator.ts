/**
 * Bearer tokens. What was found out is remembered by the header's text, so a request costs one
 * look-up; a token that was refused is not remembered, and nothing is remembered past its end.
 */
import type { Clock } from '@kcp-ts/base';
import { LRUCache } from 'lru-cache';
import type { RequestAuthenticator, RequestVerdict } from './request-authenticator.ts';
import { invalidCredentials, noCredentials } from './request-authenticator.ts';
import type { AuthenticatedToken, TokenAuthenticator } from './token-authenticator.ts';

export interface BearerOptions {
  readonly tokens: TokenAuthenticator;
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Changes whenever tokens may mean somebody else than before: what was remembered is forgotten.
   */
  generation(): number;
}

interface Remembered {
  readonly verdict: RequestVerdict;
  readonly untilMs: number;
}

const rememberedMax = 10_000;
const rememberedLengthMax = 4096;

/** The token of an Authorization header; undefined when it holds none, which is no error. */
function bearerToken(header: string): string | undefined {
  const [scheme = '', token = ''] = header.trim().split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

export function createBearerAuthenticator({ tokens, clock, generation }: BearerOptions): RequestAuthenticator {
  const remembered = new LRUCache<string, Remembered>({ max: rememberedMax });
  let known = generation();

  function recall(header: string): RequestVerdict | undefined {
    const now = generation();
    if (now !== known) {
      remembered.clear();
      known = now;
    }
    const entry = remembered.get(header);
    if (entry === undefined) return undefined;
    if (clock.now() < entry.untilMs) return entry.verdict;
    remembered.delete(header);
    return undefined;
  }

  function verdictOf(header: string, found: AuthenticatedToken | undefined): RequestVerdict {
    if (found === undefined) return invalidCredentials;
    const verdict: RequestVerdict = { kind: 'user', user: found.user };
    if (header.length <= rememberedLengthMax) remembered.set(header, { verdict, untilMs: found.untilMs });
    return verdict;
  }

  return {
    authenticate({ headers }) {
      const header = headers['authorization'];
      if (typeof header !== 'string') return noCredentials;
      const recalled = recall(header);
      if (recalled !== undefined) return recalled;
      const token = bearerToken(header);
      if (token === undefined) return noCredentials;
      const found = tokens.authenticate(token);
      return found instanceof Promise ? found.then((later) => verdictOf(header, later)) : verdictOf(header, found);
    },
  };
}
