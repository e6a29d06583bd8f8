// Certificates
export { certificateRequests } from './certificate-requests.ts';
export type { TestAuthority, TestCertificate } from './certificates.ts';
export { createTestAuthority, readTestAuthority } from './certificates.ts';
// Waiting
export { createConditions } from './conditions.ts';
export { programs } from './config.ts';
// Bounds
export { leastCpuMs, threadCpuMs } from './cpu-time.ts';
// Real servers
export type { TestEtcdCluster } from './etcd-cluster.ts';
export { startEtcdCluster } from './etcd-cluster.ts';
export type { TestEtcd } from './etcd-server.ts';
export { missingProgram, startEtcd } from './etcd-server.ts';
export type { LinkCondition, LinkRelay } from './link-relay.ts';
export { startLinkRelay } from './link-relay.ts';
export { startNats } from './nats-server.ts';
export { patience } from './patience.ts';
export type { RawHttp2 } from './raw-http2.ts';
export {
  connectRawHttp2,
  frame,
  frameFlags,
  frameTypes,
  goawayFrame,
  headersFrame,
  rstFrame,
  windowFrame,
} from './raw-http2.ts';
export { ownerOfConnection } from './socket-owner.ts';
