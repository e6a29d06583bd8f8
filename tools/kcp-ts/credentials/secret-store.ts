/** Credentials as Secrets of the cluster that this process runs in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpClient } from '@kcp-ts/http';
import { createHttpClient } from '@kcp-ts/http';
import type { CredentialData, CredentialStore } from './credential-store.ts';

interface Secret {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: CredentialData;
}

export interface SecretStoreOptions {
  /** Of the API server: `https://10.96.0.1:443`. */
  readonly server: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly client: HttpClient;
}

const encoded = (data: CredentialData, encoding: BufferEncoding, to: BufferEncoding): CredentialData =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, encoding).toString(to)]));

/** What the API server says of a refusal, without what was sent. */
function reasonOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === 'string' ? message : 'no reason was given';
  } catch {
    return 'the answer is not JSON';
  }
}

export function createSecretStore({ server, namespace, labels, client }: SecretStoreOptions): CredentialStore {
  const all = `${server}/api/v1/namespaces/${namespace}/secrets`;
  const versions = new Map<string, Secret>();

  async function ask(method: string, url: string, body?: unknown): Promise<Secret | undefined> {
    const answer = await client.request(method, url, body);
    if (answer.status === 404 && method === 'GET') return undefined;
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status}: ${reasonOf(answer.body)}`);
    return JSON.parse(answer.body) as Secret;
  }

  return {
    async read(name) {
      const secret = await ask('GET', `${all}/${name}`);
      if (secret === undefined) versions.delete(name);
      else versions.set(name, secret);
      return secret && encoded(secret.data ?? {}, 'base64', 'utf8');
    },
    async write(name, data) {
      const before = versions.get(name);
      const body = { ...before, data: encoded(data, 'utf8', 'base64') };
      if (before !== undefined) return void (await ask('PUT', `${all}/${name}`, body));
      const type = data['tls.key'] === undefined ? 'Opaque' : 'kubernetes.io/tls';
      await ask('POST', all, { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels }, type, ...body });
    },
  };
}

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How a pod reaches the API server of its cluster, as client-go finds it out. */
export async function inClusterOptions(
  environment: Readonly<Record<string, string | undefined>>,
  folder = mounted,
): Promise<Pick<SecretStoreOptions, 'server' | 'namespace' | 'client'>> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined)
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined: elsewhere give --directory',
    );
  const text = (name: string) => readFile(join(folder, name), 'utf8');
  const [token, ca, namespace] = await Promise.all(['token', 'ca.crt', 'namespace'].map(text));
  const client = createHttpClient({ token: token?.trim(), ca });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace?.trim() ?? '',
    client,
  };
}
