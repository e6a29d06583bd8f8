export type { Change } from './change.ts';
export { createChange } from './change.ts';
export type { StreamSerializer } from './stream-serializer.ts';
export type { WatchHub } from './watch-hub.ts';
export { createWatchHub } from './watch-hub.ts';
export { watchHubSeries } from './watch-hub-series.ts';
