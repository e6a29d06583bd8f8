/**
 * Who a token belongs to. Each kind of token is an authenticator of its own, and a union of them is
 * one as well; another kind (OIDC, a webhook) is another file and a line in `authenticator.ts`.
 */
import type { UserInfo } from '@kcp-ts/api';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { TokenFile } from './token-file.ts';
import type { HashedToken } from './token-table.ts';
import { userOfToken } from './token-table.ts';

export interface AuthenticatedToken {
  readonly user: UserInfo;
  /** Those of the asked ones that the token is for. */
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch, until when this may be remembered. */
  readonly untilMs: number;
}

export interface TokenAuthenticator {
  /**
   * Undefined for a token that is none of these, whatever the reason. Without `audiences`, those of
   * this server are asked for.
   */
  authenticate(
    token: string,
    audiences?: readonly string[],
  ): AuthenticatedToken | undefined | Promise<AuthenticatedToken | undefined>;
}

/** The first of them that knows a token. */
export function unionOfTokens(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    authenticate(token, audiences) {
      for (const [index, authenticator] of authenticators.entries()) {
        const found = authenticator.authenticate(token, audiences);
        if (found instanceof Promise) {
          const others = unionOfTokens(authenticators.slice(index + 1));
          return found.then((known) => known ?? others.authenticate(token, audiences));
        }
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Tokens without an end, which are for every audience of this server. */
function staticTokens(
  userOf: (token: string) => UserInfo | undefined,
  ownAudiences: readonly string[],
): TokenAuthenticator {
  return {
    authenticate(token, asked) {
      const audiences = asked === undefined ? ownAudiences : ownAudiences.filter((own) => asked.includes(own));
      if (asked !== undefined && audiences.length === 0) return undefined;
      const user = userOf(token);
      return user === undefined ? undefined : { user, audiences, untilMs: Number.POSITIVE_INFINITY };
    },
  };
}

/** Tokens of which the hashes are known here: those of administrators. */
export function hashedTokens(tokens: readonly HashedToken[], ownAudiences: readonly string[]): TokenAuthenticator {
  return staticTokens((token) => userOfToken(tokens, token), ownAudiences);
}

/** `--token-auth-file`. */
export function tokensOfFile(file: TokenFile, ownAudiences: readonly string[]): TokenAuthenticator {
  return staticTokens((token) => file.userOf(token), ownAudiences);
}

/**
 * A service account may be deleted at any time: its token is checked again after this, as in
 * Kubernetes.
 */
const recheckMs = 10_000;

/** Tokens of service accounts, of Secrets too. */
export function serviceAccountTokens(tokens: ServiceAccountTokens, now: () => number): TokenAuthenticator {
  return {
    async authenticate(token, audiences) {
      const verified = await tokens.verify(token, audiences);
      if (verified === undefined) return undefined;
      return {
        user: verified.user,
        audiences: verified.audiences,
        untilMs: Math.min(verified.expiresMs, now() + recheckMs),
      };
    },
  };
}
