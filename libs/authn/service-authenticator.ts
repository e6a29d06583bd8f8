/**
 * Who asks a service of an installation: what every client may show, and the assertions by which
 * other services hand on requests.
 */
import type { Authenticator, AuthenticatorOptions } from './authenticator.ts';
import { createAuthenticator } from './authenticator.ts';
import type { ServiceAssertionsOptions } from './service-assertions.ts';
import { withServiceAssertions } from './service-assertions.ts';

export function createServiceAuthenticator(
  options: AuthenticatorOptions & Omit<ServiceAssertionsOptions, 'clock'>,
): Authenticator {
  return withServiceAssertions(createAuthenticator(options), options);
}
