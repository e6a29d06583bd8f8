export type { Shard, ShardOptions } from './compose.ts';
export { composeShard } from './compose.ts';
export { readConfig } from './config.ts';
export type { ShardConfig } from './options.ts';
export type { RunningShard } from './start.ts';
export { startShard } from './start.ts';
