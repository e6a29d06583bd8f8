/**
 * Who asks, as the shards receive it: by an assertion of this service for a client with a
 * certificate or with the assertion of a front-proxy, by the client's own token for any other.
 */

import type { UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { AssertionSigner, AssertionVerifier, CertificateVerdict } from '@kcp-ts/authn';
import { assertionHeader, serviceAudience } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';
import { forwardedHeaders } from '../backends/forwarded-headers.ts';

/**
 * The headers of a request to a shard, made for each request: an assertion is for one shard, and is
 * valid for a short time only.
 */
export type RequestHeaders = (shard: string) => Record<string, string | string[]>;

export interface CallerDependencies {
  readonly signer: AssertionSigner;
  readonly verifier: AssertionVerifier;
  isService(peer: Peer): boolean;
  readCertificate(peer: Peer): CertificateVerdict;
}

function userOf(
  { verifier, isService, readCertificate }: CallerDependencies,
  exchange: Exchange,
): UserInfo | undefined {
  const { headers, peer } = exchange;
  if (isService(peer)) {
    const assertion = headers[assertionHeader];
    if (assertion === undefined) return undefined;
    const user = typeof assertion === 'string' ? verifier.verify(assertion, peer) : undefined;
    if (user === undefined) throw new StatusError('Unauthorized', 'Unauthorized');
    return user;
  }
  const certificate = readCertificate(peer);
  if (certificate.kind === 'invalid' && headers['authorization'] === undefined)
    throw new StatusError('Unauthorized', 'Unauthorized');
  return certificate.kind === 'user' ? certificate.user : undefined;
}

export interface Caller {
  /** Undefined where only a shard can tell from the client's token. */
  readonly user: UserInfo | undefined;
  readonly headers: RequestHeaders;
}

/** Throws StatusError Unauthorized. */
export function readCaller(deps: CallerDependencies, exchange: Exchange): Caller {
  const user = userOf(deps, exchange);
  const headers = forwardedHeaders(exchange, user === undefined);
  return {
    user,
    headers: (shard) =>
      user === undefined
        ? { ...headers }
        : { ...headers, [assertionHeader]: deps.signer.sign(user, serviceAudience('shard', shard)) },
  };
}
