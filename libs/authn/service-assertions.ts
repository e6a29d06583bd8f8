/**
 * What services of an installation hand on is taken for what it is: an assertion for this service,
 * and no other, says who asks.
 */
import type { Clock } from '@kcp-ts/base';
import type { ServicePeersOptions } from './assertion.ts';
import { createAssertionVerifier, createServicePeers, serviceAudience, withAssertions } from './assertion.ts';
import type { Authenticator } from './authenticator.ts';

export interface ServiceAssertionsOptions {
  /** Of services; undefined where the service stands alone. */
  readonly peerCa: ServicePeersOptions['peerCa'] | undefined;
  readonly kind: Parameters<typeof serviceAudience>[0];
  /** Of this service. */
  readonly name: string;
  readonly clock: Clock;
}

export function withServiceAssertions(
  authenticator: Authenticator,
  { peerCa, kind, name, clock }: ServiceAssertionsOptions,
): Authenticator {
  if (peerCa === undefined) return authenticator;
  const verifier = createAssertionVerifier({ audience: serviceAudience(kind, name), clock });
  return withAssertions(authenticator, { isService: createServicePeers({ peerCa }), verifier });
}
