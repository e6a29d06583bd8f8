import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { Credentials } from './client.ts';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token: string } }[];
}

/** A user of `admin.kubeconfig` in a root directory, at one of its clusters. */
export async function readCredentials(folder: string, cluster: string, user: string): Promise<Credentials> {
  const config = load(await readFile(join(folder, 'admin.kubeconfig'), 'utf8')) as Kubeconfig;
  const found = config.clusters.find(({ name }) => name === cluster)?.cluster;
  return {
    url: found?.server ?? '',
    ca: Buffer.from(found?.['certificate-authority-data'] ?? '', 'base64').toString('utf8'),
    token: config.users.find(({ name }) => name === user)?.user.token ?? '',
  };
}
