/**
 * Encryption at rest: turned on over data in the clear, with a key that is replaced while the shard
 * runs, and with a key that is lost.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configMap, configMapsOf, done, field } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

/** Files are looked at each ten seconds. */
const soon = { timeout: 30_000, interval: 250 };
const hidden = 'a text that nobody finds on the disk';
const shown = 'a text that anybody finds on the disk';
const secrets = '/clusters/root/api/v1/namespaces/default/secrets';

let folder: string;
let configuration: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-encryption-'));
  configuration = join(folder, 'encryption.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

const secretOf = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { text: hidden },
});
const keyOf = (kind: string, name: string) => ({
  [kind]: { keys: [{ name, secret: randomBytes(32).toString('base64') }] },
});

async function configure(...providers: readonly object[]): Promise<void> {
  const document = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers }],
  };
  await writeFile(configuration, JSON.stringify(document));
}

const start = (...flags: string[]) => startServer({ folder: join(folder, 'root'), flags });
const startEncrypted = () => start('--encryption-provider-config', configuration);

/** What lies on the disk, all files together. */
async function onDisk(): Promise<Buffer> {
  const data = join(folder, 'root', 'data');
  return Buffer.concat(await Promise.all((await readdir(data)).map((name) => readFile(join(data, name)))));
}

const base64 = Buffer.from(hidden).toString('base64');

async function textOf(server: TestServer, name: string): Promise<string> {
  const secret = await done(server.admin.get(`${secrets}/${name}`));
  return Buffer.from(String(field(secret, 'data.text')), 'base64').toString();
}

async function versionOf(server: TestServer, name: string): Promise<string> {
  return String(field(await done(server.admin.get(`${secrets}/${name}`)), 'metadata.resourceVersion'));
}

it('stores Secrets encrypted, their history too, and what is not named in the clear', async () => {
  await configure(keyOf('secretbox', 'key1'), { identity: {} });
  {
    await using server = await startEncrypted();
    await done(server.admin.post(secrets, secretOf('a')));
    await done(server.admin.patch(`${secrets}/a`, { metadata: { labels: { changed: 'yes' } } }));
    await done(server.admin.post(secrets, secretOf('gone')));
    await done(server.admin.delete(`${secrets}/gone`));
    await done(server.admin.post(configMapsOf('root'), { ...configMap('c'), data: { text: shown } }));
    expect(await textOf(server, 'a')).toBe(hidden);
    const disk = await onDisk();
    expect(disk.includes(shown)).toBe(true);
    expect(disk.includes(base64)).toBe(false);
    expect(disk.includes('k8s:enc:secretbox:v1:key1:')).toBe(true);
  }
  await using again = await startEncrypted();
  expect(await textOf(again, 'a')).toBe(hidden);
  // Nothing is to be written again.
  const before = await versionOf(again, 'a');
  await done(again.admin.put(`${secrets}/a`, await done(again.admin.get(`${secrets}/a`))));
  expect(await versionOf(again, 'a')).toBe(before);
});

it('encrypts what was there before, and again with a new key, while it runs', { timeout: 120_000 }, async () => {
  {
    await using before = await start();
    await done(before.admin.post(secrets, secretOf('a')));
    expect((await onDisk()).includes(base64)).toBe(true);
  }
  const first = keyOf('aesgcm', 'first');
  const second = keyOf('aesgcm', 'second');
  {
    await configure(first, { identity: {} });
    await using server = await startEncrypted();
    const stop = new AbortController();
    const events = server.admin.watch(`${secrets}?watch=1`, stop.signal)[Symbol.asyncIterator]();
    const seen = new Map<string, number>();
    const countUntil = async (name: string, times: number) => {
      while ((seen.get(name) ?? 0) < times) {
        const event = String(field((await events.next()).value, 'object.metadata.name'));
        seen.set(event, (seen.get(event) ?? 0) + 1);
      }
    };
    await countUntil('a', 1);
    await done(server.admin.post(secrets, secretOf('b')));
    await countUntil('b', 1);
    const before = [await versionOf(server, 'a'), await versionOf(server, 'b')];
    // The second one reads as well, and writes from now on.
    await configure(second, first);
    await expect.poll(() => versionOf(server, 'a'), soon).not.toBe(before[0]);
    await expect.poll(() => versionOf(server, 'b'), soon).not.toBe(before[1]);
    await countUntil('b', 2);
    stop.abort();
    expect([await textOf(server, 'a'), await textOf(server, 'b')]).toEqual([hidden, hidden]);
  }
  // Nobody needs the first one any more.
  await configure(second);
  await using server = await startEncrypted();
  expect([await textOf(server, 'a'), await textOf(server, 'b')]).toEqual([hidden, hidden]);
});

it('answers 500 for what no key reads, names no key and loses nothing', { timeout: 60_000 }, async () => {
  const key = keyOf('aesgcm', 'key1');
  await configure(key);
  {
    await using server = await startEncrypted();
    await done(server.admin.post(secrets, secretOf('a')));
  }
  await configure(keyOf('aesgcm', 'other'), { identity: {} });
  {
    await using server = await startEncrypted();
    const answer = await server.admin.get(`${secrets}/a`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('key1');
    expect((await server.admin.get(configMapsOf('root'))).status).toBe(200);
  }
  await configure(key);
  await using server = await startEncrypted();
  expect(await textOf(server, 'a')).toBe(hidden);
});

it('does not start without the configuration that its data was written with', async () => {
  await configure(keyOf('aesgcm', 'key1'), { identity: {} });
  await (await startEncrypted())[Symbol.asyncDispose]();
  await expect(start()).rejects.toThrow('the data here was written with one: give it');
  await (await startEncrypted())[Symbol.asyncDispose]();
});

it('does not start with a configuration that cannot be used, and shows no secret of it', async () => {
  await writeFile(configuration, JSON.stringify({ kind: 'EncryptionConfiguration', secret: 'c2VjcmV0' }));
  await expect(startEncrypted()).rejects.toThrow('unknown field "secret"');
});
