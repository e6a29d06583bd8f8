/** Says where one is: `kubectl ws .` and the line after each switch. */
import { StatusError } from '@kcp-ts/meta';
import type { Session } from '../session.ts';
import type { WorkspaceObject } from './workspace-object.ts';
import { typeText, workspacesPath } from './workspace-object.ts';
import { lastSegment, parentOf, parseWorkspaceUrl, workspaceUrl } from './workspace-url.ts';

/** The Workspace object of a path, from its parent; undefined where there is none to see. */
export async function readWorkspace(session: Session, path: string): Promise<WorkspaceObject | undefined> {
  const parent = parentOf(path);
  if (parent === undefined) return undefined;
  try {
    return await session
      .at(workspaceUrl(session.base, parent))
      .get<WorkspaceObject>(`${workspacesPath}/${lastSegment(path)}`);
  } catch (error) {
    if (error instanceof StatusError && (error.code === 403 || error.code === 404)) return undefined;
    throw error;
  }
}

/** `Current workspace is 'root:org' (type root:organization).` */
export function currentLine(path: string, workspace: WorkspaceObject | undefined): string {
  const type = typeText(workspace);
  return `Current workspace is '${path}'${type === undefined ? '' : ` (type ${type})`}.`;
}

export async function printCurrentWorkspace(session: Session, options: { readonly short: boolean }): Promise<void> {
  const current = parseWorkspaceUrl(session.server);
  if (current === undefined) {
    session.terminal.print(options.short ? session.server : `Current workspace is the URL "${session.server}".`);
  } else if (options.short) {
    session.terminal.print(current.path);
  } else {
    session.terminal.print(currentLine(current.path, await readWorkspace(session, current.path)));
  }
}
