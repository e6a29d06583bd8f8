// Certificates
export type { TestAuthority, TestCertificate } from './certificates.ts';
export { createTestAuthority, readTestAuthority } from './certificates.ts';
// Servers
export type { NatsUser, TestNats, TestNatsOptions } from './start-nats.ts';
export { startNats, whyNoNats } from './start-nats.ts';
