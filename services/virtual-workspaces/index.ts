export type { Service, ServiceDependencies } from './compose.ts';
export { createService } from './compose.ts';
export { readConfig } from './config.ts';
export { createContents } from './contents.ts';
export type { VirtualWorkspacesConfig } from './options.ts';
export type { RunningVirtualWorkspaces } from './start.ts';
export { startVirtualWorkspaces } from './start.ts';
