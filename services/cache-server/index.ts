export { readConfig } from './config.ts';
export type { CacheServerConfig } from './options.ts';
export type { RunningCacheServer } from './start.ts';
export { startCacheServer } from './start.ts';
