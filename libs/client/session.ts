/**
 * What every verb of the plugins works with: the kubeconfig, the connection it chooses, and where
 * lines for the user go.
 */
import type { HttpClient } from '@kcp-ts/http';
import { createHttpClient } from '@kcp-ts/http';
import type { ApiClient } from './api/api-client.ts';
import { createApiClient } from './api/api-client.ts';
import type { Connection, ConnectionOverrides } from './kubeconfig/connection.ts';
import { connect } from './kubeconfig/connection.ts';
import type { Kubeconfig } from './kubeconfig/kubeconfig.ts';
import { loadKubeconfig } from './kubeconfig/kubeconfig.ts';
import type { WorkspaceUrl } from './workspace/workspace-url.ts';
import { baseUrlOf, parseWorkspaceUrl, resolvePath, workspaceUrl } from './workspace/workspace-url.ts';

export interface Terminal {
  /** Answers: standard output. */
  print(line: string): void;
  /** Notes and warnings: standard error. */
  note(line: string): void;
}

export interface SessionOptions {
  /** Where the kubeconfig is; see `kubeconfigPaths`. */
  readonly paths: readonly string[];
  readonly overrides: ConnectionOverrides;
  /** A workspace to work in instead of the current one, as `kubectl ws` would take it. */
  readonly workspace?: string | undefined;
  readonly terminal: Terminal;
  /** Waits so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface Session extends Disposable {
  readonly config: Kubeconfig;
  readonly connection: Connection;
  readonly terminal: Terminal;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** The server's URL without `/clusters/…`. */
  readonly base: string;
  /** The URL the session works at. */
  readonly server: string;
  /** The workspace the session works in; throws when the URL points to none. */
  workspace(): WorkspaceUrl;
  /** A client for the current workspace, or for the one at `url`. */
  at(url?: string): ApiClient;
}

function urlInside(server: string, workspace: string | undefined): string {
  if (workspace === undefined) return server;
  const current = parseWorkspaceUrl(server);
  if (current === undefined && !workspace.startsWith(':'))
    throw new Error(`current URL "${server}" does not point to a workspace`);
  const resolved = resolvePath(current?.path ?? '', workspace);
  if (resolved.kind !== 'path') throw new Error(`invalid workspace path: ${workspace}`);
  return workspaceUrl(baseUrlOf(server), resolved.path);
}

/** Throws when the kubeconfig cannot be read or names what is not there. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const config = await loadKubeconfig(options.paths);
  const connection = await connect(config, options.overrides);
  const server = urlInside(connection.server, options.workspace);
  const http: HttpClient = createHttpClient(connection.http);
  return {
    config,
    connection,
    terminal: options.terminal,
    sleep: options.sleep,
    base: baseUrlOf(server),
    server,
    workspace() {
      const current = parseWorkspaceUrl(server);
      if (current === undefined) throw new Error(`current URL "${server}" does not point to a workspace`);
      return current;
    },
    at: (url = server) => createApiClient(http, url),
    [Symbol.dispose]: () => http[Symbol.dispose](),
  };
}
