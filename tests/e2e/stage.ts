/**
 * One server for a file of end-to-end tests, and the people who use it: each with a kubeconfig and
 * credentials of their own.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTestAuthority } from '@kcp-ts/testing';
import type { ProcessServer } from '../harness/server.ts';
import { spawnServer } from '../harness/server.ts';
import type { Kubectl, Terminal } from './kubectl.ts';
import { openTerminal } from './kubectl.ts';

export interface Credentials {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Stage extends AsyncDisposable {
  readonly server: ProcessServer;
  /** The user kcp-admin, in the context root. */
  admin(kubectl: Kubectl, environment?: Readonly<Record<string, string>>): Promise<Terminal>;
  /** A certificate by the server's own CA for client certificates. */
  mint(user: string, groups?: readonly string[]): Promise<Credentials>;
  /** Somebody in a workspace, or at a whole URL. */
  person(kubectl: Kubectl, where: string, credentials: Credentials): Promise<Terminal>;
}

export interface StageOptions {
  /** Lines of a token file. */
  readonly tokens?: readonly string[];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

function kubeconfigOf(server: string, ca: string, { token, cert, key }: Credentials): string {
  const user = {
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { 'client-certificate-data': base64(cert) }),
    ...(key === undefined ? {} : { 'client-key-data': base64(key) }),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'here', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    'current-context': 'here',
  });
}

export async function openStage({ tokens }: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-e2e-'));
  const tokenFile = join(folder, 'tokens.csv');
  if (tokens !== undefined) await writeFile(tokenFile, `${tokens.join('\n')}\n`);
  const server = await spawnServer({ flags: tokens === undefined ? [] : ['--token-auth-file', tokenFile] });
  const inServer = (name: string) => readFile(join(server.folder, name), 'utf8');
  const authority = await readTestAuthority(await inServer('client-ca.crt'), await inServer('client-ca.key'));
  let opened = 0;
  const newHome = async () => {
    opened += 1;
    const home = join(folder, `home-${opened}`);
    await mkdir(home);
    return home;
  };
  return {
    server,
    async admin(kubectl, environment = {}) {
      const home = await newHome();
      const kubeconfig = join(home, 'kubeconfig');
      await copyFile(server.kubeconfigPath, kubeconfig);
      return openTerminal({ kubectl, kubeconfig, home, environment });
    },
    async mint(user, groups = []) {
      const { certificate, privateKey } = await authority.issue(
        [`CN=${user}`, ...groups.map((group) => `O=${group}`)].join(', '),
      );
      return { cert: certificate, key: privateKey };
    },
    async person(kubectl, where, credentials) {
      const url = where.startsWith('https:') ? where : `${server.url}/clusters/${where}`;
      const home = await newHome();
      const kubeconfig = join(home, 'kubeconfig');
      await writeFile(kubeconfig, kubeconfigOf(url, server.ca, credentials));
      return openTerminal({ kubectl, kubeconfig, home });
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
