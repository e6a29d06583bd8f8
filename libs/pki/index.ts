export type { CertificateAndKey, KeyKind } from './make-certificates.ts';
export { makeAuthority, makeServiceCertificate, makeServingCertificate } from './make-certificates.ts';
