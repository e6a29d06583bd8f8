// The plugins' command lines

export type { ApiClient } from './api/api-client.ts';
export { createApiClient } from './api/api-client.ts';
export { createWorkspaceProgram } from './cli/create-workspace-program.ts';
export { kcpProgram } from './cli/kcp-program.ts';
export type { Machine, RunVerb } from './cli/run-command-line.ts';
export { runCommandLine } from './cli/run-command-line.ts';
export { workspaceProgram } from './cli/workspace-program.ts';
export type { Connection, ConnectionOverrides } from './kubeconfig/connection.ts';
export { connect } from './kubeconfig/connection.ts';
// Reaching a server
export type { Kubeconfig } from './kubeconfig/kubeconfig.ts';
export { kubeconfigPaths, loadKubeconfig } from './kubeconfig/kubeconfig.ts';
