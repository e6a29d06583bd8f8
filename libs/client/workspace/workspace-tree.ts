/** `kubectl ws tree`: the workspaces below the current one, as far as the user may read. */
import { StatusError } from '@kcp-ts/api';
import type { Session } from '../session.ts';
import type { WorkspaceObject } from './workspace-object.ts';
import { workspacesPath } from './workspace-object.ts';
import { lastSegment, workspaceUrl } from './workspace-url.ts';

interface WorkspaceList {
  readonly items?: readonly WorkspaceObject[];
  readonly metadata?: { readonly continue?: string };
}

interface TreeNode {
  readonly label: string;
  readonly children: readonly TreeNode[];
}

const pageSize = 500;

/** All children that are not being deleted, by name; none where the user may not list. */
async function readChildren(session: Session, path: string): Promise<readonly WorkspaceObject[]> {
  const client = session.at(workspaceUrl(session.base, path));
  const found: WorkspaceObject[] = [];
  try {
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: WorkspaceList = await client.get(
        `${workspacesPath}?limit=${pageSize}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`,
      );
      found.push(...(page.items ?? []));
      next = page.metadata?.continue === '' ? undefined : page.metadata?.continue;
    }
  } catch (error) {
    if (!(error instanceof StatusError) || error.code === 401) throw error;
  }
  return found.filter((workspace) => workspace.metadata.deletionTimestamp === undefined);
}

async function readTree(
  session: Session,
  path: string,
  options: { readonly full: boolean; readonly mount: boolean },
): Promise<TreeNode> {
  const label = `${options.full ? path : lastSegment(path)}${options.mount ? ' [m]' : ''}`;
  const children = await readChildren(session, path);
  // The client opens a handful of connections at most, so a wide level does not flood the server.
  return {
    label,
    children: await Promise.all(
      children.map((child) =>
        readTree(session, `${path}:${child.metadata.name}`, {
          full: options.full,
          mount: child.spec?.mount !== undefined,
        }),
      ),
    ),
  };
}

function treeLines(node: TreeNode, indent: string, last: boolean): readonly string[] {
  const below = `${indent}${last ? '    ' : '│   '}`;
  const lines = node.children.flatMap((child, index) => treeLines(child, below, index === node.children.length - 1));
  return [`${indent}${last ? '└── ' : '├── '}${node.label}`, ...lines];
}

export async function printWorkspaceTree(session: Session, options: { readonly full: boolean }): Promise<void> {
  const tree = await readTree(session, session.workspace().path, { full: options.full, mount: false });
  session.terminal.print('.');
  for (const line of treeLines(tree, '', true)) session.terminal.print(line);
}
