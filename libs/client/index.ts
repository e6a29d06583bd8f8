// The plugins' command lines

export { createWorkspaceProgram } from './cli/create-workspace-program.ts';
export { kcpProgram } from './cli/kcp-program.ts';
export { runCommandLine } from './cli/run-command-line.ts';
export { workspaceProgram } from './cli/workspace-program.ts';
// Reaching a server
