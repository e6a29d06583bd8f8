// Certificates
export type { TestAuthority, TestCertificate } from './certificates.ts';
export { createTestAuthority } from './certificates.ts';
