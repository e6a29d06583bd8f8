/**
 * The kubeconfigs of a local installation: one through the front-proxy, and one a shard for those
 * who want to see it by itself.
 */
import { join } from 'node:path';
import { writePrivateFile } from '@kcp-ts/base';
import type { KubeconfigContext } from '../credentials/kubeconfig-text.ts';
import { kubeconfigText } from '../credentials/kubeconfig-text.ts';
import { externalUrlOf } from './commands.ts';
import type { ClusterCredentials } from './credentials.ts';
import type { Layout } from './layout.ts';
import { partsOf, rootShardOf } from './layout.ts';

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
  const context = (name: string, server: string, user: 'kcp-admin' | 'shard-admin'): KubeconfigContext => ({
    name,
    server,
    user,
  });
  const through = [
    context('base', external, 'kcp-admin'),
    context('root', `${external}/clusters/root`, 'kcp-admin'),
    context('shard-base', root, 'shard-admin'),
    context('system:admin', `${root}/clusters/system:admin`, 'shard-admin'),
  ];
  const write = (path: string, contexts: readonly KubeconfigContext[], current: string) =>
    writePrivateFile(path, kubeconfigText({ contexts, current, ...credentials }));
  await write(adminKubeconfigPath(layout.folder), through, 'root');
  for (const [name, url] of urls) {
    const straight = [
      context('base', url, 'kcp-admin'),
      context('shard-base', url, 'shard-admin'),
      context('system:admin', `${url}/clusters/system:admin`, 'shard-admin'),
    ];
    await write(join(layout.folder, 'shards', `${name}.kubeconfig`), straight, 'base');
  }
}
