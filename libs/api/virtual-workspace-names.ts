/**
 * The virtual workspaces that there are: the segment of a path that follows `/services/`. Services
 * that route requests read this list, and a shard has a virtual workspace for each of its names.
 */
const virtualWorkspaceNames = ['apiexport', 'apiresourceschema'] as const;

export type VirtualWorkspaceName = (typeof virtualWorkspaceNames)[number];

export function isVirtualWorkspaceName(text: string): text is VirtualWorkspaceName {
  return virtualWorkspaceNames.some((name) => name === text);
}
