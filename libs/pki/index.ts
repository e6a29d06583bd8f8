export type { CertificateAndKey, CertificateRequest, CertificateUsage, KeyKind } from './make-certificates.ts';
export {
  makeAuthority,
  makeCertificate,
  makeServiceCertificate,
  makeServingCertificate,
} from './make-certificates.ts';
