export type { CertificateAndKey } from './make-certificates.ts';
export { makeAuthority, makeServiceCertificate, makeServingCertificate } from './make-certificates.ts';
