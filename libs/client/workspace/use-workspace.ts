/**
 * Goes to another workspace, as `cd` goes to another folder: looks whether it may be entered, then
 * writes the kubeconfig.
 */
import { StatusError } from '@kcp-ts/api';
import type { ApiClient } from '../api/api-client.ts';
import { claimWarnings } from '../binding/claim-warnings.ts';
import { enterPlace, previousPlace } from '../kubeconfig/workspace-contexts.ts';
import type { Session } from '../session.ts';
import type { Sight } from './current-workspace.ts';
import { currentLine, lookAt, printCurrentWorkspace } from './current-workspace.ts';
import type { LogicalClusterObject, WorkspaceObject } from './workspace-object.ts';
import { logicalClusterPath, workspacesPath } from './workspace-object.ts';
import type { ResolvedPath } from './workspace-url.ts';
import { parseWorkspaceUrl, resolvePath, workspaceUrl } from './workspace-url.ts';

const homeNote =
  "Note: 'kubectl ws' now matches 'cd' semantics: go to home workspace. 'kubectl ws -' to go back. 'kubectl ws .' to print current workspace.";
const legacyRootNote =
  "Note: Using 'root:' to define an absolute path is no longer supported. Instead, use ':root' to specify an absolute path.";

export interface UseOptions {
  /** Print the path alone. */
  readonly short: boolean;
}

/**
 * `argument` is what was typed after `kubectl ws`; undefined means home. Throws an error whose
 * message is for the user.
 */
export async function useWorkspace(session: Session, argument: string | undefined, options: UseOptions): Promise<void> {
  if (argument === '.') return await printCurrentWorkspace(session, options);
  if (argument === '-') return await goBack(session, options);
  if (argument === undefined || argument === '~') {
    if (argument === undefined) session.terminal.note(homeNote);
    return await enterWorkspace(session, await homePath(session), options);
  }
  if (argument === 'root' || argument.startsWith('root:')) session.terminal.note(legacyRootNote);
  await enterWorkspace(session, await pathFor(session, argument), options);
}

async function pathFor(session: Session, argument: string): Promise<string> {
  const absolute = argument.startsWith(':') || argument.startsWith('/');
  const start = absolute ? '' : session.workspace().path;
  let resolved: ResolvedPath = resolvePath(start, argument);
  if (resolved.kind === 'above-top' && resolved.top === start && start !== 'root') {
    // A home workspace is known by its cluster's name, which has no parent; the server knows the
    // path.
    resolved = resolvePath(await canonicalPath(session), argument);
  }
  if (resolved.kind === 'invalid') throw new Error(`invalid workspace path: ${argument}`);
  if (resolved.kind === 'above-top')
    throw new Error(`cannot go up from ${resolved.top === '' ? 'root' : resolved.top}`);
  return resolved.path;
}

async function canonicalPath(session: Session): Promise<string> {
  const cluster = await session.at().get<LogicalClusterObject>(logicalClusterPath);
  return cluster.metadata.annotations?.['kcp.io/path'] ?? session.workspace().path;
}

async function homePath(session: Session): Promise<string> {
  const home = await session.at(workspaceUrl(session.base, 'root')).get<WorkspaceObject>(`${workspacesPath}/~`);
  const path = home.spec?.cluster ?? parseWorkspaceUrl(home.spec?.URL ?? '')?.path;
  if (path === undefined) throw new Error('the server names no home workspace');
  return path;
}

/** Enters `path` on the session's server and says so. */
export async function enterWorkspace(session: Session, path: string, options: UseOptions): Promise<void> {
  const url = workspaceUrl(session.base, path);
  const client = session.at(url);
  const [refusal, sight, warnings] = await Promise.all([
    refusalOf(client),
    lookAt(session, path),
    claimWarnings(client),
  ]);
  if (refusal !== undefined) throw refusalError(path, refusal, sight);
  await enterPlace(session.config, {
    cluster: { ...session.connection.cluster, server: url },
    user: session.connection.userName,
  });
  session.terminal.print(options.short ? path : currentLine(path, sight));
  for (const warning of warnings) session.terminal.note(warning);
}

/** Discovery answers users that may enter: no groups at all, or 403, is a refusal. */
async function refusalOf(client: ApiClient): Promise<'denied' | 'missing' | undefined> {
  try {
    const { groups } = await client.get<{ readonly groups?: readonly unknown[] }>('/apis');
    return groups === undefined || groups.length === 0 ? 'denied' : undefined;
  } catch (error) {
    if (!(error instanceof StatusError) || (error.code !== 403 && error.code !== 404)) throw error;
    return error.code === 404 ? 'missing' : 'denied';
  }
}

/** A server may say 403 for what does not exist; who may read the parent gets which it is. */
function refusalError(path: string, refusal: 'denied' | 'missing', sight: Sight): Error {
  const missing = refusal === 'missing' || sight.kind === 'missing';
  return new Error(missing ? `workspace "${path}" not found` : `access to workspace "${path}" denied`);
}

async function goBack(session: Session, options: UseOptions): Promise<void> {
  const place = previousPlace(session.config);
  if (place === undefined) throw new Error('no previous workspace found in kubeconfig');
  const server = String(place.cluster['server'] ?? '');
  const path = parseWorkspaceUrl(server)?.path;
  await enterPlace(session.config, place);
  if (path === undefined) session.terminal.print(options.short ? server : `Current workspace is the URL "${server}".`);
  else session.terminal.print(options.short ? path : currentLine(path, await lookAt(session, path)));
}
