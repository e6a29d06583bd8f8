/**
 * A context of its own for a workspace, so that `kubectl --context` reaches it whatever the current
 * one is.
 */
import { savePlace } from '../kubeconfig/workspace-contexts.ts';
import type { Session } from '../session.ts';

export interface CreateContextOptions {
  /** The context's name; the workspace's path if absent. */
  readonly name?: string | undefined;
  readonly overwrite: boolean;
  /** Make it the current context. */
  readonly use: boolean;
  /** The workspace's URL; the current one if absent. */
  readonly url?: string | undefined;
}

export async function createContext(session: Session, options: CreateContextOptions): Promise<void> {
  const name = options.name ?? session.workspace().path;
  const exists = session.config.get('contexts', name) !== undefined;
  if (exists && !options.overwrite) {
    throw new Error(`context "${name}" already exists in kubeconfig, use --overwrite to update it`);
  }
  const switched = options.use && session.config.currentContext !== name;
  const cluster = { ...session.connection.cluster, server: options.url ?? session.server };
  await savePlace(session.config, name, { cluster, user: session.connection.userName }, { use: options.use });
  session.terminal.print(
    `${exists ? 'Updated' : 'Created'} context "${name}"${switched ? ' and switched to it' : ''}.`,
  );
}
