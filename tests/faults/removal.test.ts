import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { done, field, makeWorkspace, rbacOf, workspacesOf } from '../harness/objects.ts';
import { spawnServer } from '../harness/server.ts';

const objects = 250;

const binding = (name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
});

it('a server that is killed while it takes a cluster away leaves nothing of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-'));
  try {
    // From before the first commit to after the last.
    for (const killAt of [0, 100, 240]) {
      const name = `doomed-${killAt}`;
      const { cluster, left } = await interrupted(folder, name, killAt);
      await using server = await spawnServer({ folder });
      await server.admin.until(`${workspacesOf('root')}/${name}`, ({ status }) => status === 404);
      const { body } = await server.shardAdmin.get('/clusters/*/apis/rbac.authorization.k8s.io/v1/clusterrolebindings');
      const still = ((field(body, 'items') ?? []) as KubeObject[])
        .filter(({ metadata }) => metadata.annotations?.['kcp.io/cluster'] === cluster)
        .map(({ metadata }) => metadata.name);
      expect(still, `killed when ${left} events had been seen`).toEqual([]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

/**
 * Deletes a workspace with many objects, and kills the server when so many of them are seen to have
 * gone.
 */
async function interrupted(folder: string, name: string, killAt: number) {
  await using server = await spawnServer({ folder });
  const { admin } = server;
  const { path, cluster } = await makeWorkspace(admin, 'root', name, { type: { path: 'root', name: 'universal' } });
  const url = `${rbacOf(path)}/clusterrolebindings`;
  await Promise.all(Array.from({ length: objects }, (_, index) => done(admin.post(url, binding(`n${index}`)))));
  const { body } = await admin.get(url);
  const stop = new AbortController();
  const watch = admin.watch(`${url}?watch=1&resourceVersion=${field(body, 'metadata.resourceVersion')}`, stop.signal);
  const deleted = done(admin.delete(`${workspacesOf('root')}/${name}`)).catch(() => undefined);
  let left = 0;
  if (killAt === 0) await deleted;
  else for await (const { type } of watch) if (type === 'DELETED' && ++left >= killAt) break;
  stop.abort();
  await server.kill();
  await deleted;
  return { cluster, left };
}
