/** The parts of the kinds that the plugins read. */

import type { LogicalClusterName } from '@kcp-ts/api';

export interface WorkspaceObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly URL?: string;
    readonly cluster?: LogicalClusterName;
    readonly type?: { readonly name: string; readonly path?: string };
    readonly mount?: unknown;
  };
  readonly status?: { readonly phase?: string };
}

export interface LogicalClusterObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

export const workspacesPath = '/apis/tenancy.kcp.io/v1alpha1/workspaces';
export const logicalClusterPath = '/apis/core.kcp.io/v1alpha1/logicalclusters/cluster';

/** `path:name`, or undefined for a workspace without a type (a mount, a home). */
export function typeText(workspace: WorkspaceObject): string | undefined {
  const type = workspace.spec?.type;
  if (type === undefined) return undefined;
  return type.path === undefined || type.path === '' ? type.name : `${type.path}:${type.name}`;
}
