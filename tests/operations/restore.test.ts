/**
 * Data is restored from a backup, as docs/backup-and-restore.md says it: everybody is served what
 * the backup has, and gets 410 where something that it has seen is gone.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMap, configMapsOf } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

const path = configMapsOf('root');
const missing = missingProgram('etcd');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kcp-ts-restore-'));
  folder = join(parent, 'root');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function versionOf({ admin }: TestServer): Promise<string> {
  const { body } = await admin.get<{ readonly metadata: { readonly resourceVersion: string } }>(path);
  return body.metadata.resourceVersion;
}

/** The first thing that a watch from a resourceVersion says, when something has happened. */
async function firstOf({ admin }: TestServer, resourceVersion: string) {
  const stop = new AbortController();
  try {
    for await (const { type, object } of admin.watch(`${path}?watch=1&resourceVersion=${resourceVersion}`, stop.signal))
      return [type, type === 'ERROR' ? (object as { readonly code?: number }).code : object.metadata.name];
    return ['ended'];
  } finally {
    stop.abort();
  }
}

async function expectRestored(server: TestServer, afterBackup: string): Promise<void> {
  const { admin } = server;
  await admin.until(`${path}/before`, ({ status }) => status === 200);
  expect((await admin.get(`${path}/after`)).status).toBe(404);
  expect((await admin.post(path, configMap('again'))).status).toBe(201);
  expect(await firstOf(server, afterBackup)).toEqual(['ERROR', 410]);
}

describe('a restore', () => {
  it('of the root directory of an embedded shard', async () => {
    let atBackup: string;
    let afterBackup: string;
    {
      await using server = await startServer({ folder });
      expect((await server.admin.post(path, configMap('before'))).status).toBe(201);
      atBackup = await versionOf(server);
    }
    await cp(folder, join(parent, 'saved'), { recursive: true });
    {
      await using server = await startServer({ folder });
      expect((await server.admin.post(path, configMap('after'))).status).toBe(201);
      afterBackup = await versionOf(server);
    }
    await rm(folder, { recursive: true });
    await cp(join(parent, 'saved'), folder, { recursive: true });
    await using server = await startServer({ folder });
    await expectRestored(server, afterBackup);
    expect(await firstOf(server, atBackup)).toEqual(['ADDED', 'again']);
  }, 60_000);

  it.skipIf(missing !== undefined).each(['its mirror', 'an empty root directory'])(
    'of etcd, to a shard that has %s',
    async (what) => {
      await using etcd = await startEtcd();
      const flags = ['--etcd-servers', etcd.endpoint];
      let afterBackup: string;
      {
        await using server = await startServer({ folder, flags });
        const { admin } = server;
        expect((await admin.post(path, configMap('before'))).status).toBe(201);
        await etcd.backUp();
        await admin.until(path, ({ status }) => status === 200);
        expect((await admin.post(path, configMap('after'))).status).toBe(201);
        afterBackup = await versionOf(server);
      }
      await etcd.restoreBackup();
      if (what !== 'its mirror') await rm(folder, { recursive: true });
      await using server = await startServer({ folder, flags });
      await expectRestored(server, afterBackup);
    },
    60_000,
  );
});
