/** Says where one is: `kubectl ws .` and the line after each switch. */
import { StatusError } from '@kcp-ts/api';
import type { Session } from '../session.ts';
import type { WorkspaceObject } from './workspace-object.ts';
import { typeText, workspacesPath } from './workspace-object.ts';
import { lastSegment, parentOf, parseWorkspaceUrl, workspaceUrl } from './workspace-url.ts';

/**
 * What the parent shows of a workspace: `hidden` where there is no parent, or none that the user
 * may read.
 */
export type Sight =
  | { readonly kind: 'seen'; readonly workspace: WorkspaceObject }
  | { readonly kind: 'missing' | 'hidden' };

export async function lookAt(session: Session, path: string): Promise<Sight> {
  const parent = parentOf(path);
  if (parent === undefined) return { kind: 'hidden' };
  const client = session.at(workspaceUrl(session.base, parent));
  try {
    return { kind: 'seen', workspace: await client.get<WorkspaceObject>(`${workspacesPath}/${lastSegment(path)}`) };
  } catch (error) {
    if (!(error instanceof StatusError) || (error.code !== 403 && error.code !== 404)) throw error;
    return { kind: error.code === 404 ? 'missing' : 'hidden' };
  }
}

/** `Current workspace is 'root:org' (type root:organization).` */
export function currentLine(path: string, sight: Sight): string {
  const type = sight.kind === 'seen' ? typeText(sight.workspace) : undefined;
  return `Current workspace is '${path}'${type === undefined ? '' : ` (type ${type})`}.`;
}

export async function printCurrentWorkspace(session: Session, options: { readonly short: boolean }): Promise<void> {
  const current = parseWorkspaceUrl(session.server);
  if (current === undefined) {
    session.terminal.print(options.short ? session.server : `Current workspace is the URL "${session.server}".`);
  } else if (options.short) {
    session.terminal.print(current.path);
  } else {
    session.terminal.print(currentLine(current.path, await lookAt(session, current.path)));
  }
}
