/**
 * From a kubeconfig and the flags that override it to what a request needs: a server's URL and
 * credentials.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HttpClientOptions } from '@kcp-ts/http';
import type { Entry, Kubeconfig } from './kubeconfig.ts';

/** kubectl's own flags, all optional. */
export interface ConnectionOverrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** In milliseconds. */
  readonly timeout?: number | undefined;
}

export interface Connection {
  readonly server: string;
  readonly contextName: string | undefined;
  /** The cluster entry as it stands, to be copied with another server. */
  readonly cluster: Entry;
  readonly userName: string | undefined;
  readonly http: HttpClientOptions;
}

function text(entry: Entry, field: string): string | undefined {
  const value = entry[field];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** Inline data wins over a file, as in kubectl. */
async function material(entry: Entry, field: string, folder: string): Promise<string | undefined> {
  const inline = text(entry, `${field}-data`);
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
  const path = text(entry, field);
  return path === undefined ? undefined : await readFile(resolve(folder, path), 'utf8');
}

async function fileOr(
  path: string | undefined,
  otherwise: () => Promise<string | undefined>,
): Promise<string | undefined> {
  return path === undefined ? await otherwise() : await readFile(path, 'utf8');
}

function existing(config: Kubeconfig, section: 'contexts' | 'clusters' | 'users', name: string | undefined): Entry {
  if (name === undefined) return {};
  const entry = config.get(section, name);
  if (entry === undefined) throw new Error(`${section.slice(0, -1)} "${name}" does not exist`);
  return entry;
}

/**
 * The names that the flags and the current context choose. Throws when a name has no entry, or when
 * there is no server at all.
 */
export async function connect(config: Kubeconfig, overrides: ConnectionOverrides): Promise<Connection> {
  const contextName = overrides.context ?? (config.currentContext === '' ? undefined : config.currentContext);
  const context = existing(config, 'contexts', contextName);
  const clusterName = overrides.cluster ?? text(context, 'cluster');
  const userName = overrides.user ?? text(context, 'user');
  const cluster = existing(config, 'clusters', clusterName);
  const user = existing(config, 'users', userName);
  const server = overrides.server ?? text(cluster, 'server');
  if (server === undefined)
    throw new Error('no server is configured: set KUBECONFIG, or pass --kubeconfig or --server');
  if (user['exec'] !== undefined || user['auth-provider'] !== undefined) {
    throw new Error(
      `user "${userName}" gets its credentials from another program, which this command does not run: give it a token or a client certificate`,
    );
  }
  const folder = config.folderOf('clusters', clusterName ?? '');
  const userFolder = config.folderOf('users', userName ?? '');
  const tokenFile = text(user, 'tokenFile');
  const token =
    overrides.token ??
    text(user, 'token') ??
    (tokenFile === undefined ? undefined : (await readFile(resolve(userFolder, tokenFile), 'utf8')).trim());
  const username = text(user, 'username');
  return {
    server: server.replace(/\/+$/, ''),
    contextName,
    cluster,
    userName,
    http: {
      ca: await fileOr(overrides.certificateAuthority, () => material(cluster, 'certificate-authority', folder)),
      cert: await fileOr(overrides.clientCertificate, () => material(user, 'client-certificate', userFolder)),
      key: await fileOr(overrides.clientKey, () => material(user, 'client-key', userFolder)),
      token,
      basic: username === undefined ? undefined : { username, password: text(user, 'password') ?? '' },
      insecure: overrides.insecureSkipTlsVerify ?? cluster['insecure-skip-tls-verify'] === true,
      serverName: overrides.tlsServerName ?? text(cluster, 'tls-server-name'),
      headers: impersonation(user),
      timeout: overrides.timeout,
    },
  };
}

function impersonation(user: Entry): Readonly<Record<string, string>> {
  const as = text(user, 'as');
  return as === undefined ? {} : { 'impersonate-user': as };
}
