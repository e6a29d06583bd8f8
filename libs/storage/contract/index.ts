// What engines are made of, for those who put one together under other faults
export type { Backend, Flush } from '../engine/backend.ts';
export { readsOf } from '../engine/backend.ts';
export { createStore } from '../engine/create-store.ts';
export { keysOf } from '../etcd/etcd-records.ts';
export { createEtcdReplica } from '../etcd/etcd-store.ts';
export { openMirror } from '../etcd/mirror.ts';
export { createMemoryBackend } from '../memory/memory-store.ts';
// The contract
export type { StoreContract } from './describe-store.ts';
export { describeStore } from './describe-store.ts';
export type { ManualClock } from './manual-clock.ts';
export { createManualClock } from './manual-clock.ts';
export type { StoreSetup } from './store-case.ts';
