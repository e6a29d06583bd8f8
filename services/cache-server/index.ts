export { readConfig } from './config.ts';
export type { CacheServerConfig } from './options.ts';
export { createOrderedWriter } from './ordered-writer.ts';
export { keptFeed, rawFeedHandler } from './raw-feeds.ts';
export type { RunningCacheServer } from './start.ts';
export { startCacheServer } from './start.ts';
