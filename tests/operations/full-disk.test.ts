/**
 * A disk that is full: writes say so, objects can still be deleted, and when there is room again
 * everything goes on.
 */
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap, configMapsOf } from '../harness/objects.ts';
import type { ProcessServer } from '../harness/server.ts';
import { spawnServer, startServer } from '../harness/server.ts';
import type { SmallDisk } from '../harness/small-disk.ts';
import { missingSmallDisk, mountSmallDisk } from '../harness/small-disk.ts';

const missing = missingSmallDisk();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const reason = 'no space is left on the device of the store';
const large = 'x'.repeat(200_000);
const objects = 60;

describe.skipIf(missing !== undefined)('an embedded store whose disk is full', () => {
  let disk: SmallDisk;
  let server: ProcessServer;

  beforeAll(async () => {
    disk = await mountSmallDisk(64);
    server = await spawnServer({ folder: disk.path });
    for (let index = 0; index < objects; index++) {
      const made = await server.admin.post(configMapsOf('root'), configMap(`kept-${index}`, { data: { large } }));
      expect(made.status, made.text).toBe(201);
    }
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await disk[Symbol.asyncDispose]();
  });

  const create = (name: string) => server.admin.post(configMapsOf('root'), configMap(name, { data: { large } }));
  const ready = (passes: boolean) =>
    server.shardAdmin.until('/readyz?verbose', ({ text }) => text.includes('[+]store ok') === passes);

  it('says why it refuses a write: to the client, in /readyz and in its metrics', async () => {
    await disk.fill();
    let refused = await create('more-0');
    for (let index = 1; refused.status === 201 && index < 100; index++) refused = await create(`more-${index}`);
    expect(refused.body).toMatchObject({
      kind: 'Status',
      code: 503,
      reason: 'ServiceUnavailable',
      message: `the server is currently unable to handle the request: ${reason}`,
    });
    expect((await ready(false)).text).toContain(`[-]store failed: ${reason}`);
    const { text } = await server.shardAdmin.get('/metrics');
    expect(text).toMatch(/^kcp_store_writable 0$/m);
    expect(text).toMatch(/^kcp_store_failures_total [1-9]/m);
    expect((await server.admin.get(`${configMapsOf('root')}/kept-0`)).status).toBe(200);
  });

  it('still deletes, and changes what takes no more room', async () => {
    const small = await server.admin.patch(`${configMapsOf('root')}/kept-0`, { metadata: { labels: { a: 'b' } } });
    expect(small.status, small.text).toBe(200);
    const grown = await server.admin.patch(`${configMapsOf('root')}/kept-0`, { data: { more: large } });
    expect(grown.status).toBe(503);
    for (let index = 0; index < 20; index++) {
      const gone = await server.admin.delete(`${configMapsOf('root')}/kept-${index}`);
      expect(gone.status, gone.text).toBe(200);
    }
  });

  it('has no lines in its log but JSON', () => {
    const lines = server.output().split('\n').slice(0, -1);
    const others = lines.filter((line) => !line.startsWith('{') && !line.includes('ready to serve'));
    expect(others).toEqual([]);
  });

  it('goes on by itself when there is room again', async () => {
    await disk.free();
    await ready(true);
    const made = await create('again');
    expect(made.status, made.text).toBe(201);
    expect((await server.shardAdmin.get('/metrics')).text).toMatch(/^kcp_store_writable 1$/m);
  });
});

it.skipIf(missing !== undefined)(
  'a process that starts on a full disk, after one that was killed or ended, serves what is there and deletes it',
  async () => {
    await using disk = await mountSmallDisk(64);
    let server = await spawnServer({ folder: disk.path });
    const kept = (index: number) => `${configMapsOf('root')}/kept-${index}`;
    for (let index = 0; index < 3; index++) {
      const made = await server.admin.post(configMapsOf('root'), configMap(`kept-${index}`, { data: { large } }));
      expect(made.status, made.text).toBe(201);
    }
    await disk.fill();
    process.kill(server.pid, 'SIGKILL');
    await server[Symbol.asyncDispose]();
    await disk.fill();
    server = await spawnServer({ folder: disk.path });
    expect((await server.admin.get(kept(0))).status).toBe(200);
    expect((await server.admin.patch(kept(0), { data: { more: large } })).status).toBe(503);
    expect((await server.admin.delete(kept(1))).status).toBe(200);
    await server[Symbol.asyncDispose]();
    server = await spawnServer({ folder: disk.path });
    expect((await server.admin.get(kept(1))).status).toBe(404);
    expect((await server.admin.delete(kept(2))).status).toBe(200);
    await server[Symbol.asyncDispose]();
    // Whatever was left free is taken now: what there is can still be read.
    await disk.fill();
    server = await spawnServer({ folder: disk.path });
    expect((await server.admin.get(kept(0))).status).toBe(200);
    await server[Symbol.asyncDispose]();
  },
  60_000,
);

const noEtcd = missingProgram('etcd');
if (noEtcd !== undefined) console.warn(`skipped: ${noEtcd}`);

it.skipIf(noEtcd !== undefined)('an etcd that has used up its quota is named as the reason', async () => {
  await using etcd = await startEtcd({ quotaBytes: 32 * 1024 * 1024 });
  await using server = await startServer({ flags: ['--etcd-servers', etcd.endpoint] });
  const { admin, shardAdmin } = server;
  expect((await admin.post(configMapsOf('root'), configMap('kept'))).status).toBe(201);
  await etcd.fill();
  const refused = await admin.post(configMapsOf('root'), configMap('more'));
  const why = 'etcd has no space left (mvcc: database space exceeded)';
  expect(refused.body).toMatchObject({ code: 503, message: expect.stringContaining(why) });
  expect((await shardAdmin.get('/readyz?verbose')).text).toContain(`[-]store failed: ${why}`);
  await etcd.free();
  await shardAdmin.until('/readyz?verbose', ({ text }) => text.includes('[+]store ok'));
  expect((await admin.post(configMapsOf('root'), configMap('more'))).status).toBe(201);
});
