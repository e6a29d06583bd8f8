/** Who asks a cache-server: a bearer of a token of the file or of a certificate, or whom a service says that it asks for. */
import type { Authenticator, TokenFile } from '@kcp-ts/authn';
import {
  createAssertionVerifier,
  createAuthenticator,
  createServicePeers,
  serviceAudience,
  withAssertions,
} from '@kcp-ts/authn';
import type { Clock } from '@kcp-ts/base';

export interface AuthenticatorDependencies {
  readonly tokenFile: TokenFile | undefined;
  /** PEM of the authority of services. */
  readonly peerCa: string;
  /** Of this cache-server. */
  readonly name: string;
  readonly clock: Clock;
}

export function cacheAuthenticator({ tokenFile, peerCa, name, clock }: AuthenticatorDependencies): Authenticator {
  const authenticator = createAuthenticator({ clock, anonymous: true, adminTokens: [], tokenFile });
  const verifier = createAssertionVerifier({ audience: serviceAudience('cache-server', name), clock });
  return withAssertions(authenticator, { isService: createServicePeers({ peerCa }), verifier });
}
