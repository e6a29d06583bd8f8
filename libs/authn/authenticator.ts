/**
 * Who asks. In this order: a client certificate, a bearer token (administrators', the token file's,
 * a service account's), nobody (`system:anonymous`). Identity is never read from any other header.
 * All services build theirs here; another kind of credentials is a line in one of the two lists.
 */
import type { UserInfo } from '@kcp-ts/api';
import { anonymousUser, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createBearerAuthenticator } from './bearer-authenticator.ts';
import { createCertificateReader } from './certificate-user.ts';
import type { Credentials, RequestAuthenticator, RequestVerdict } from './request-authenticator.ts';
import { unionOfRequests } from './request-authenticator.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { AuthenticatedToken } from './token-authenticator.ts';
import { hashedTokens, serviceAccountTokens, tokensOfFile, unionOfTokens } from './token-authenticator.ts';
import type { TokenFile } from './token-file.ts';
import type { HashedToken } from './token-table.ts';

export interface AuthenticatorOptions {
  readonly clock: Clock;
  /** Whether requests without credentials are those of `system:anonymous`, or refused. */
  readonly anonymous: boolean;
  readonly adminTokens: readonly HashedToken[];
  readonly tokenFile?: TokenFile | undefined;
  readonly serviceAccounts?: ServiceAccountTokens | undefined;
}

/** What a TokenReview says of a good token. */
export type TokenVerdict = Pick<AuthenticatedToken, 'user' | 'audiences'>;

export interface Authenticator {
  /** Throws, or rejects with, StatusError Unauthorized. */
  authenticate(credentials: Credentials): UserInfo | Promise<UserInfo>;
  /**
   * For TokenReview: undefined for a token that is not good, whatever the reason. Without
   * audiences, those of this server.
   */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenVerdict | undefined>;
}

function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}

/**
 * A certificate that our authority has not signed, or that is not valid now, is no good and keeps
 * nothing else from being so.
 */
function certificates(now: () => number): RequestAuthenticator {
  const read = createCertificateReader(now);
  return { authenticate: ({ peer }) => read(peer) };
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, anonymous, adminTokens, tokenFile, serviceAccounts } = options;
  const now = () => clock.now();
  const audiences = serviceAccounts?.audiences ?? [];
  const tokens = unionOfTokens([
    hashedTokens(adminTokens, audiences),
    ...(tokenFile === undefined ? [] : [tokensOfFile(tokenFile, audiences)]),
    ...(serviceAccounts === undefined ? [] : [serviceAccountTokens(serviceAccounts, now)]),
  ]);
  const requests = unionOfRequests([
    certificates(now),
    createBearerAuthenticator({ tokens, clock, generation: () => tokenFile?.generation ?? 0 }),
  ]);

  function userOf(verdict: RequestVerdict): UserInfo {
    if (verdict.kind === 'user') return verdict.user;
    if (verdict.kind === 'invalid' || !anonymous) throw unauthorized();
    return anonymousUser;
  }

  return {
    authenticate(credentials) {
      const verdict = requests.authenticate(credentials);
      return verdict instanceof Promise ? verdict.then(userOf) : userOf(verdict);
    },
    async authenticateToken(token, asked) {
      if (token === '') return undefined;
      const found = await tokens.authenticate(token, asked);
      return found === undefined ? undefined : { user: found.user, audiences: found.audiences };
    },
  };
}
