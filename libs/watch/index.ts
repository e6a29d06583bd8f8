export type { Change } from './change.ts';
export { createChange } from './change.ts';
export type { Follower } from './follower.ts';
export type { WatchHub, WatchHubOptions } from './watch-hub.ts';
export { createWatchHub } from './watch-hub.ts';
