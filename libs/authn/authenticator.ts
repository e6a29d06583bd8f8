/**
 * Who asks. In this order: a client certificate, a bearer token (administrators', the token file's, a service account's), nobody
 * (`system:anonymous`). Identity is never read from any other header. What was found out is remembered by the header's text, so a
 * request costs one look-up; a token that was refused is not remembered, and nothing is remembered past its end.
 */

import type { UserInfo } from '@kcp-ts/api';
import { anonymousUser, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { Exchange } from '@kcp-ts/http';
import { LRUCache } from 'lru-cache';
import { createCertificateReader } from './certificate-user.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { TokenFile } from './token-file.ts';
import type { HashedToken } from './token-table.ts';
import { userOfToken } from './token-table.ts';

export interface AuthenticatorOptions {
  readonly clock: Clock;
  /** Whether requests without credentials are those of `system:anonymous`, or refused. */
  readonly anonymous: boolean;
  readonly adminTokens: readonly HashedToken[];
  readonly tokenFile?: TokenFile | undefined;
  readonly serviceAccounts?: ServiceAccountTokens | undefined;
}

/** What of an exchange identity is read from. */
export type Credentials = Pick<Exchange, 'headers' | 'peer'>;

export interface TokenVerdict {
  readonly user: UserInfo;
  /** Those of the asked ones that the token is for. */
  readonly audiences: readonly string[];
}

export interface Authenticator {
  /** Throws, or rejects with, StatusError Unauthorized. */
  authenticate(credentials: Credentials): UserInfo | Promise<UserInfo>;
  /** For TokenReview: undefined for a token that is not good, whatever the reason. Without audiences, those of this server. */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenVerdict | undefined>;
}

interface Remembered {
  readonly user: UserInfo;
  readonly untilMs: number;
}

/** A service account may be deleted at any time: its token is checked again after this, as in Kubernetes. */
const recheckMs = 10_000;
const rememberedMax = 10_000;
const rememberedLengthMax = 4096;

function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}

/** The token of an Authorization header; undefined when it holds none, which is no error. */
function bearerToken(header: string): string | undefined {
  const [scheme = '', token = ''] = header.trim().split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, adminTokens, tokenFile, serviceAccounts } = options;
  const readCertificate = createCertificateReader(() => clock.now());
  const remembered = new LRUCache<string, Remembered>({ max: rememberedMax });
  let generation = tokenFile?.generation ?? 0;

  const staticUser = (token: string) => userOfToken(adminTokens, token) ?? tokenFile?.userOf(token);
  const remember = (header: string, entry: Remembered) => {
    if (header.length <= rememberedLengthMax) remembered.set(header, entry);
    return entry.user;
  };
  const recall = (header: string): UserInfo | undefined => {
    if (tokenFile !== undefined && tokenFile.generation !== generation) {
      remembered.clear();
      generation = tokenFile.generation;
    }
    const entry = remembered.get(header);
    if (entry === undefined) return undefined;
    if (clock.now() < entry.untilMs) return entry.user;
    remembered.delete(header);
    return undefined;
  };
  const byServiceAccount = async (header: string, token: string): Promise<UserInfo> => {
    const verified = await serviceAccounts?.verify(token);
    if (verified === undefined) throw unauthorized();
    return remember(header, { user: verified.user, untilMs: Math.min(verified.expiresMs, clock.now() + recheckMs) });
  };

  return {
    authenticate({ headers, peer }) {
      const certificate = readCertificate(peer);
      if (certificate.kind === 'user') return certificate.user;
      const header = headers['authorization'];
      if (typeof header === 'string') {
        const known = recall(header);
        if (known !== undefined) return known;
        const token = bearerToken(header);
        if (token !== undefined) {
          const user = staticUser(token);
          if (user !== undefined) return remember(header, { user, untilMs: Number.POSITIVE_INFINITY });
          return byServiceAccount(header, token);
        }
      }
      if (certificate.kind === 'invalid' || !options.anonymous) throw unauthorized();
      return anonymousUser;
    },
    async authenticateToken(token, audiences) {
      if (token === '') return undefined;
      const own = serviceAccounts?.audiences ?? [];
      const user = staticUser(token);
      if (user === undefined) return serviceAccounts?.verify(token, audiences);
      const shared = audiences === undefined ? own : own.filter((audience) => audiences.includes(audience));
      return audiences !== undefined && shared.length === 0 ? undefined : { user, audiences: shared };
    },
  };
}
