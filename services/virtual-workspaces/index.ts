export { readConfig } from './config.ts';
export type { VirtualWorkspacesConfig } from './options.ts';
export type { RunningVirtualWorkspaces } from './start.ts';
export { startVirtualWorkspaces } from './start.ts';
