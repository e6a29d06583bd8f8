/**
 * The kubeconfigs of a local installation: one through the front-proxy, and one a shard for those
 * who want to see it by itself.
 */
import { join } from 'node:path';
import { writePrivateFile } from '@kcp-ts/base';
import { formatYaml } from '@kcp-ts/http';
import { externalUrlOf } from './commands.ts';
import type { ClusterCredentials } from './credentials.ts';
import type { Layout } from './layout.ts';
import { partsOf, rootShardOf } from './layout.ts';

type User = 'kcp-admin' | 'shard-admin';

/** Context, URL, user. */
type Context = readonly [name: string, server: string, user: User];

function kubeconfig(contexts: readonly Context[], current: string, { ca, tokens }: ClusterCredentials): string {
  const authority = Buffer.from(ca).toString('base64');
  return formatYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: contexts.map(([name, server]) => ({
      name,
      cluster: { server, 'certificate-authority-data': authority },
    })),
    contexts: contexts.map(([name, , user]) => ({ name, context: { cluster: name, user } })),
    'current-context': current,
    preferences: {},
    users: (['kcp-admin', 'shard-admin'] as const).map((name) => ({ name, user: { token: tokens[name] } })),
  });
}

export function adminKubeconfigPath(folder: string): string {
  return join(folder, 'admin.kubeconfig');
}

export async function writeKubeconfigs(layout: Layout, credentials: ClusterCredentials): Promise<void> {
  const external = externalUrlOf(layout);
  const urls = new Map(
    partsOf(layout, 'shard')
      .filter(({ name }) => !name.endsWith('-standby'))
      .map(({ name, port }) => [name, `https://127.0.0.1:${port}`]),
  );
  const root = urls.get(rootShardOf(layout)) ?? external;
  const through: readonly Context[] = [
    ['base', external, 'kcp-admin'],
    ['root', `${external}/clusters/root`, 'kcp-admin'],
    ['shard-base', root, 'shard-admin'],
    ['system:admin', `${root}/clusters/system:admin`, 'shard-admin'],
  ];
  await writePrivateFile(adminKubeconfigPath(layout.folder), kubeconfig(through, 'root', credentials));
  for (const [name, url] of urls) {
    const straight: readonly Context[] = [
      ['base', url, 'kcp-admin'],
      ['shard-base', url, 'shard-admin'],
      ['system:admin', `${url}/clusters/system:admin`, 'shard-admin'],
    ];
    const path = join(layout.folder, 'shards', `${name}.kubeconfig`);
    await writePrivateFile(path, kubeconfig(straight, 'base', credentials));
  }
}
