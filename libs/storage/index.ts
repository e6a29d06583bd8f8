// The interface

// Entries and operations in bounded numbers
export { cutIntoCommits } from './cut-into-commits.ts';
// Decisions
export type { Decision, Reads } from './decision.ts';
export { createDecision } from './decision.ts';
export { eachBatch } from './each-batch.ts';
export type { StoreOptions } from './engine/create-store.ts';
// Engines
export { storeSeries } from './store-series.ts';
// etcd

export type { EtcdReplica, OwnedShard, ReplicaRole } from './etcd/etcd-store.ts';
export { openEtcdReplica } from './etcd/etcd-store.ts';

// Keys and ranges
export type { KeyParts } from './key.ts';
export { formatKey, kindPrefix, parseKey, resourcePrefix } from './key.ts';
export type { KeyRange } from './key-range.ts';
export { clusterOrderOf, compareKeys, compileRange } from './key-range.ts';
export type { FileStamp } from './lmdb/check-data.ts';
export { faultOfData, stampOfData } from './lmdb/check-data.ts';
export { openLmdbStore } from './lmdb/lmdb-store.ts';
// Engines
export { createMemoryStore } from './memory/memory-store.ts';
export type { ParsedReader } from './parsed-reader.ts';
export { createParsedReader } from './parsed-reader.ts';
// Revisions
export { revisionAt } from './revision-clock.ts';
export type { CommitResult, Entry, Operation, Range, Store, StoreEvent } from './store.ts';
export { commitOperationsMax, valueBytesMax } from './store.ts';
export { parseStoredMetadata, storedMetadataJson } from './stored-metadata.ts';
export {
  encodeStored,
  flagDeleting,
  flagFinalizers,
  hasFingerprint,
  hasText,
  parseStored,
  storedFingerprint,
  storedFlags,
  storedHeaderBytes,
  storedJson,
} from './stored-value.ts';
export type { TransformedValue, ValueTransformer } from './value-transformer.ts';
