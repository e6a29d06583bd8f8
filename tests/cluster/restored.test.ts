/**
 * The etcd of a whole installation is restored from a backup, while everything runs: no shard, view
 * or copy goes on with what is gone.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configMap, configMapsOf, done, exportsOf, provide } from '../harness/objects.ts';
import type { Sharded } from '../harness/sharded.ts';
import { missing, shareInstallation } from '../harness/sharded.ts';

let sharded: Sharded;
shareInstallation((started) => {
  sharded = started;
});

/** What is done to the data of etcd while it is stopped. */
async function whileStopped({ cluster }: Sharded, work: (data: string) => Promise<void>): Promise<void> {
  const etcd = cluster.part('etcd');
  await etcd.kill('SIGKILL');
  await work(join(cluster.folder, 'etcd'));
  etcd.start();
  await etcd.ready();
}

const copies = '/services/cache/shards/*/clusters/*/apis/apis.kcp.io/v1alpha2/apiexports';

it.skipIf(missing !== undefined)(
  'after a restore of etcd all services have what etcd has',
  async () => {
    const { admin, masters, cluster } = sharded;
    const saved = join(cluster.folder, 'saved');
    const kept = await sharded.workspace('kept', 'shard-1');
    await provide(admin, kept.path, 'cowboys', 'cowboys');
    await whileStopped(sharded, (data) => cp(data, saved, { recursive: true }));

    await admin.until(`${exportsOf(kept.path)}/cowboys`, ({ status }) => status === 200);
    const gone = await sharded.workspace('gone', 'shard-2');
    await provide(admin, gone.path, 'horses', 'horses');
    await provide(admin, kept.path, 'cattle', 'cattle');
    await masters.until(copies, ({ text }) => text.includes('"cattle"') && text.includes('"horses"'));
    const pids = cluster.parts.map(({ part, pid }) => (part.kind === 'etcd' ? 0 : pid));

    await whileStopped(sharded, async (data) => {
      await rm(data, { recursive: true });
      await cp(saved, data, { recursive: true });
    });
    await admin.until(`${exportsOf(kept.path)}/cowboys`, ({ status }) => status === 200);
    await admin.until(`${exportsOf(kept.path)}/cattle`, ({ status }) => status === 404);
    await masters.until(`/clusters/${gone.path}/api/v1/namespaces`, ({ status }) => status === 404 || status === 403);
    await masters.until(
      copies,
      ({ status, text }) => status === 200 && text.includes('"cowboys"') && !/"(cattle|horses)"/.test(text),
    );
    await done(admin.post(configMapsOf(kept.path), configMap('again')));
    const again = await sharded.workspace('gone', 'root');
    expect(again.cluster).not.toBe(gone.cluster);
    expect(cluster.parts.map(({ part, pid }) => (part.kind === 'etcd' ? 0 : pid))).toEqual(pids);
  },
  120_000,
);
