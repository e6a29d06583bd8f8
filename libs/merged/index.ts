// Shards, as the register tells of them

// Streams
export type { ContentHandlers, ContentStream, OpenContent } from './content.ts';
// Asking and excluding shards
export type { ExclusionsNeeds } from './exclusions.ts';
export { createExclusions } from './exclusions.ts';
export type { MergedEvent } from './lane.ts';
// Lists
export type { ListRevision, ListRevisionOptions } from './list-revision.ts';
export { assertAllThere, awaitClock, awaitRegister, consistentListRevision } from './list-revision.ts';
export type { MergedSink, MergedWatch, MergedWatchOptions } from './merged-watch.ts';
export { createMergedWatch } from './merged-watch.ts';
export type { Nudger } from './nudger.ts';
export { createNudger } from './nudger.ts';
export type { Position } from './resume.ts';
export type { Absence, AskProgress, MergedShard, ShardProgress, ShardsView } from './shards.ts';
export { silentMsMax } from './shards.ts';
