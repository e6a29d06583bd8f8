export type { Change } from './change.ts';
export { createChange } from './change.ts';
// Watches between services
export type { WatchFrame, WatchFrameReader, WatchFrameType } from './frames.ts';
export {
  createWatchFrameReader,
  encodeWatchFrame,
  framedAcceptHeader,
  framedWatchType,
  watchedKindHeader,
} from './frames.ts';
export type { WatchHub, WatchHubOptions } from './watch-hub.ts';
export { createWatchHub } from './watch-hub.ts';
export type { Watcher } from './watcher.ts';
