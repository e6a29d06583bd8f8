/**
 * etcd hangs for a while, and is back: the same process serves on, whether it was the owner all the
 * time or had to become it again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { KubeObject } from '@kcp-ts/api';
import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { configMap, configMapsOf } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

const missing = missingProgram('etcd');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const path = configMapsOf('root');

/** Holds etcd up for so long; resolves when it goes on. */
async function pauseFor(etcd: TestEtcd, milliseconds: number): Promise<void> {
  etcd.pause();
  await wait(milliseconds);
  etcd.resume();
}

/** How a watch of the config maps ended, if it has. */
async function watchMaps({ admin }: TestServer): Promise<{ readonly names: string[]; ended(): boolean }> {
  const { body } = await admin.get<{ readonly metadata: { readonly resourceVersion: string } }>(path);
  const names: string[] = [];
  let ended = false;
  const run = async () => {
    const from = `${path}?watch=1&resourceVersion=${body.metadata.resourceVersion}`;
    for await (const { type, object } of admin.watch(from, new AbortController().signal))
      if (type === 'ADDED') names.push(object.metadata.name ?? '');
  };
  run().then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  return { names, ended: () => ended };
}

describe.skipIf(missing !== undefined)('an owner whose etcd hangs', () => {
  it.each([1_000, 2_500])(
    'for %i ms stays the owner: writes wait and are done, watches go on',
    async (milliseconds) => {
      await using etcd = await startEtcd();
      await using server = await startServer({ flags: ['--etcd-servers', etcd.endpoint] });
      const { admin, shardAdmin } = server;
      expect((await admin.post(path, configMap('before'))).status).toBe(201);
      const watch = await watchMaps(server);
      const paused = pauseFor(etcd, milliseconds);
      const during = admin.post(path, configMap('during'));
      await wait(milliseconds - 200);
      expect((await shardAdmin.get('/livez')).status).toBe(200);
      await paused;
      const answer = await during;
      expect(answer.status, answer.text).toBe(201);
      expect((await admin.until(`${path}/during`, ({ status }) => status === 200)).status).toBe(200);
      expect((await admin.post(path, configMap('after'))).status).toBe(201);
      await admin.until(path, () => watch.names.length === 2);
      expect([watch.names, watch.ended()]).toEqual([['during', 'after'], false]);
    },
    60_000,
  );

  it('for ten seconds stands by, refuses what it is asked, and serves again by itself', async () => {
    await using etcd = await startEtcd();
    await using server = await startServer({ flags: ['--etcd-servers', etcd.endpoint] });
    const { admin, shardAdmin } = server;
    expect((await admin.post(path, configMap('before'))).status).toBe(201);
    const watch = await watchMaps(server);
    const paused = pauseFor(etcd, 10_000);
    const during = await admin.post(path, configMap('during'));
    expect(during.status, during.text).toBe(503);
    expect(during.text).toContain('what was asked may have been done');
    const notReady = await shardAdmin.until('/readyz?verbose', ({ text }) => text.includes('standby'));
    expect(notReady.status).toBe(500);
    expect((await shardAdmin.get('/livez')).status).toBe(200);
    const refused = await admin.get(`${path}/before`);
    expect(refused.body).toMatchObject({ kind: 'Status', code: 503, message: expect.stringContaining('standby') });
    expect(refused.headers['retry-after']).toBe('1');
    expect(watch.ended()).toBe(true);
    await paused;
    await admin.until(`${path}/before`, ({ status }) => status === 200);
    expect((await shardAdmin.get('/readyz?verbose')).text).toContain('[+]role ok: owner');
    expect((await admin.post(path, configMap('after'))).status).toBe(201);
    // Nobody knows whether it was done; what the server says of it is what there is.
    expect([201, 409]).toContain((await admin.post(path, configMap('during'))).status);
  }, 60_000);

  it('for less than --leader-elect-lease-duration answers reads all the time', async () => {
    await using etcd = await startEtcd();
    const flags = ['--etcd-servers', etcd.endpoint, '--leader-elect-lease-duration', '15'];
    await using server = await startServer({ flags });
    const { admin } = server;
    expect((await admin.post(path, configMap('before'))).status).toBe(201);
    let over = false;
    const paused = pauseFor(etcd, 6_000).then(() => {
      over = true;
    });
    const during = admin.post(path, configMap('during'));
    while (!over) expect((await admin.get(`${path}/before`)).status).toBe(200);
    await paused;
    expect((await during).status).toBe(201);
  }, 60_000);

  it('is killed and comes back: the same process owns the shard again, with what was acknowledged', async () => {
    await using etcd = await startEtcd();
    await using server = await startServer({ flags: ['--etcd-servers', etcd.endpoint] });
    const { admin } = server;
    for (let round = 0; round < 3; round++) {
      expect((await admin.post(path, configMap(`kept-${round}`))).status).toBe(201);
      await etcd.kill();
      await wait(round * 4_000);
      await etcd.restart();
      await admin.until(`${path}/kept-${round}`, ({ status }) => status === 200);
    }
    const { body } = await admin.get<{ readonly items: readonly KubeObject[] }>(path);
    const kept = body.items.map(({ metadata }) => metadata.name).filter((name) => name?.startsWith('kept-'));
    expect(kept).toEqual(['kept-0', 'kept-1', 'kept-2']);
  }, 60_000);
});
