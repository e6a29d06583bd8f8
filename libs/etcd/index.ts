export type { EtcdClient, EtcdConnection, EtcdOptions } from './client.ts';
export { clientOfMembers, createEtcdClient } from './client.ts';
export type { EtcdLease } from './lease.ts';
export { grantEtcdLease } from './lease.ts';
export { createMembers } from './members.ts';
export type { EtcdOperation } from './transaction.ts';
export { etcdCommit, etcdGet, etcdList, etcdMoment } from './transaction.ts';
export type { EtcdChange } from './watch.ts';
export { watchEtcd } from './watch.ts';
