/** Who a request comes from, by one kind of credentials, and a union of such kinds. */
import type { UserInfo } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';

/** What of an exchange identity is read from. */
export type Credentials = Pick<Exchange, 'headers' | 'peer'>;

export type RequestVerdict =
  | { readonly kind: 'user'; readonly user: UserInfo }
  /** There are no credentials of this kind. */
  | { readonly kind: 'none' }
  /** There are, and they are not good: unless others are, the request is refused. */
  | { readonly kind: 'invalid' };

export interface RequestAuthenticator {
  authenticate(credentials: Credentials): RequestVerdict | Promise<RequestVerdict>;
}

export const noCredentials: RequestVerdict = { kind: 'none' };
export const invalidCredentials: RequestVerdict = { kind: 'invalid' };

function unionFrom(
  authenticators: readonly RequestAuthenticator[],
  credentials: Credentials,
  first: number,
  before: RequestVerdict,
): RequestVerdict | Promise<RequestVerdict> {
  let verdict = before;
  for (let index = first; index < authenticators.length; index++) {
    const found = authenticators[index]?.authenticate(credentials) ?? noCredentials;
    if (found instanceof Promise) {
      const soFar = verdict;
      return found.then((later) =>
        later.kind === 'user'
          ? later
          : unionFrom(authenticators, credentials, index + 1, later.kind === 'invalid' ? later : soFar),
      );
    }
    if (found.kind === 'user') return found;
    if (found.kind === 'invalid') verdict = found;
  }
  return verdict;
}

/** The first of them that finds a user; `invalid` where none does and one found credentials. */
export function unionOfRequests(authenticators: readonly RequestAuthenticator[]): RequestAuthenticator {
  return { authenticate: (credentials) => unionFrom(authenticators, credentials, 0, noCredentials) };
}
