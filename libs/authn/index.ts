// Who asks

export type { AssertionSigner, AssertionVerifier, PeerAuthorities } from './assertion.ts';
export {
  assertionHeader,
  createAssertionSigner,
  createAssertionVerifier,
  createServicePeers,
  serviceAudience,
} from './assertion.ts';
export type { Authenticator } from './authenticator.ts';
export { createAuthenticator } from './authenticator.ts';
export type { CertificateVerdict } from './certificate-user.ts';
export { createCertificateReader } from './certificate-user.ts';
export { adminGroup, authenticatedGroup, mastersGroup } from './groups.ts';
// Impersonation
export { impersonationOf } from './impersonation.ts';
export { issuerDocuments } from './issuer-documents.ts';
export type { ServiceAccountKeys } from './service-account-keys.ts';
export { parseServiceAccountKeys } from './service-account-keys.ts';
export type { ServiceAccount, ServiceAccountTokens } from './service-account-tokens.ts';
export { createServiceAccountTokens } from './service-account-tokens.ts';
export { createServiceAuthenticator } from './service-authenticator.ts';
export type { ServiceIdentity } from './service-identity.ts';
export { mayBear, serviceIdentityOf, serviceNameOf } from './service-identity.ts';
// Service accounts
export { createStoredServiceAccountTokens, findServiceAccount } from './stored-service-accounts.ts';
export type { TokenFile } from './token-file.ts';
export { openTokenFile } from './token-file.ts';
export { tokenReview } from './token-review.ts';
export type { HashedToken } from './token-table.ts';
export { hashToken } from './token-table.ts';
