export type { CommitResult, Entry, Expectation, ListOptions, ListPage, Operation, Range, Store, StoreEvent } from './store.ts';
export { valueBytesMax } from './store.ts';
export type { KeyParts } from './key.ts';
export { formatKey, parseKey, resourcePrefix } from './key.ts';
export { encodeStored, flagDeleting, flagFinalizers, hasFingerprint, parseStored, storedFlags, storedHeaderBytes, storedJson } from './stored-value.ts';
export type { ParsedReader } from './parsed-reader.ts';
export { createParsedReader } from './parsed-reader.ts';
