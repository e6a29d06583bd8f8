/**
 * `kubectl create workspace`: makes one in the current workspace, waits until it is ready, and goes
 * there if asked.
 */
import { StatusError } from '@kcp-ts/api';
import type { Session } from '../session.ts';
import { createContext } from './create-context.ts';
import { enterWorkspace } from './use-workspace.ts';
import type { WorkspaceObject } from './workspace-object.ts';
import { typeText, workspacesPath } from './workspace-object.ts';
import { workspaceUrl } from './workspace-url.ts';

export interface CreateWorkspaceOptions {
  readonly name: string;
  /** `name`, found by the server from the parent upwards, or `path:name`. */
  readonly type?: string | undefined;
  readonly enter: boolean;
  readonly ignoreExisting: boolean;
  /** A label selector for the shard: `a=b,c=d`. */
  readonly locationSelector?: string | undefined;
  /** Also write a context of this name. */
  readonly createContext?: string | undefined;
}

const readyWithin = 60_000;

interface TypeReference {
  readonly name: string;
  readonly path?: string;
}

/** `:root:universal` and `root:universal` are absolute, `universal` is not. */
export function parseType(text: string): TypeReference {
  const plain = text.startsWith(':') ? text.slice(1) : text;
  const colon = plain.lastIndexOf(':');
  return colon < 0 ? { name: plain } : { path: plain.slice(0, colon), name: plain.slice(colon + 1) };
}

/**
 * Only equalities: what a Workspace's `location.selector.matchLabels` can say from the command
 * line.
 */
export function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [key = '', value, more] = part.split(/==?/);
    if (key.trim() === '' || value === undefined || more !== undefined)
      throw new Error(`invalid location selector "${text}": expected key=value[,key=value]`);
    labels[key.trim()] = value.trim();
  }
  return labels;
}

/**
 * Throws an error whose message is for the user; "already exists" is the server's own text unless
 * `ignoreExisting`.
 */
export async function createWorkspace(session: Session, options: CreateWorkspaceOptions): Promise<void> {
  const { path: parent } = session.workspace();
  const type = options.type === undefined ? undefined : parseType(options.type);
  if (options.ignoreExisting && type !== undefined && type.path === undefined) {
    throw new Error('--ignore-existing must not be used with non-absolute type path');
  }
  const { workspace, created } = await postOrGet(session, options, type);
  const typed = typeText(workspace);
  const label = `Workspace "${options.name}"${typed === undefined ? '' : ` (type ${typed})`}`;
  const ready = workspace.status?.phase === 'Ready';
  if (!created) {
    session.terminal.print(`${label} already exists.${ready ? '' : ' Waiting for it to be ready...'}`);
  } else if (!ready) {
    session.terminal.print(`${label} created. Waiting for it to be ready...`);
  }
  if (!ready) await waitUntilReady(session, options.name);
  if (created || !ready) session.terminal.print(`${label} is ready to use.`);
  const path = `${parent}:${options.name}`;
  const url = workspaceUrl(session.base, path);
  if (options.createContext !== undefined) {
    await createContext(session, { name: options.createContext, overwrite: false, use: options.enter, url });
  } else if (options.enter) {
    await enterWorkspace(session, path, { short: false });
  }
}

async function postOrGet(
  session: Session,
  options: CreateWorkspaceOptions,
  type: TypeReference | undefined,
): Promise<{ readonly workspace: WorkspaceObject; readonly created: boolean }> {
  const client = session.at();
  const selector =
    options.locationSelector === undefined ? undefined : { matchLabels: parseLabels(options.locationSelector) };
  try {
    const workspace = await client.post<WorkspaceObject>(workspacesPath, {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name: options.name },
      spec: { ...(type === undefined ? {} : { type }), ...(selector === undefined ? {} : { location: { selector } }) },
    });
    return { workspace, created: true };
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'AlreadyExists' && options.ignoreExisting)) throw error;
  }
  const workspace = await client.get<WorkspaceObject>(`${workspacesPath}/${options.name}`);
  const wanted = type === undefined ? undefined : `${type.path}:${type.name}`;
  const actual = typeText(workspace);
  if (workspace.metadata.deletionTimestamp !== undefined)
    throw new Error(`workspace "${options.name}" is being deleted`);
  if (wanted !== undefined && actual !== wanted) {
    throw new Error(
      `workspace "${options.name}" cannot be created with type ${wanted}, it already exists with different type ${actual ?? 'none'}`,
    );
  }
  return { workspace, created: false };
}

/** Asks again, less and less often. */
async function waitUntilReady(session: Session, name: string): Promise<void> {
  let pause = 20;
  for (let waited = 0; waited < readyWithin; waited += pause) {
    await session.sleep(pause);
    const { status } = await session.at().get<WorkspaceObject>(`${workspacesPath}/${name}`);
    if (status?.phase === 'Ready') return;
    pause = Math.min(pause * 2, 500);
  }
  throw new Error(`workspace "${name}" is not ready after ${readyWithin / 1000} seconds`);
}
