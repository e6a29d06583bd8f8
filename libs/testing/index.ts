// Certificates
export type { TestAuthority, TestCertificate } from './certificates.ts';
export { createTestAuthority, readTestAuthority } from './certificates.ts';
