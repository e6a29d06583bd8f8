export { readConfig } from './config.ts';
export type { FrontProxyConfig } from './options.ts';
export type { RunningFrontProxy } from './start.ts';
export { startFrontProxy } from './start.ts';
