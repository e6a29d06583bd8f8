/**
 * The authority of services is replaced while an installation runs: no part is restarted, what
 * is connected stays, and at the end nobody believes what the former authority has signed. One
 * certificate serves all replicas of a kind.
 */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '@kcp-ts/kcp-ts';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority, patience, readTestAuthority } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { configMap, configMapsOf, done, field, makeWorkspace } from '../harness/objects.ts';
import { missing, onShard, portUrl } from '../harness/sharded.ts';

let cluster: Cluster;
let former: TestAuthority;
let next: TestAuthority;
let admin: ApiClient;

const pki = (name: string) => join(cluster.folder, 'pki', name);
const services = () => cluster.parts.filter(({ part }) => part.kind !== 'etcd' && part.kind !== 'nats');
/** Processes are not started again: each has the number that it had. */
const pids = () => services().map(({ pid }) => pid);

/** SIGHUP has files read at once; `seen` is what the log says of it. */
async function reload(): Promise<void> {
  for (const { pid } of services()) if (pid !== undefined) process.kill(pid, 'SIGHUP');
}

const logOf = (name: string) => readFileSync(cluster.part(name).logFile, 'utf8');

async function reloaded(write: () => Promise<void>, line: string): Promise<void> {
  const before = services().map(({ part }) => logOf(part.name).split(line).length);
  await write();
  await reload();
  const after = () => services().map(({ part }) => logOf(part.name).split(line).length);
  await expect.poll(after, patience).toEqual(before.map((count) => count + 1));
}

async function writePair(name: string, subject: string): Promise<void> {
  const { certificate, privateKey } = await next.issue(subject);
  await writeFile(pki(`${name}.crt`), certificate);
  await writeFile(pki(`${name}.key`), privateKey);
}

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startTestCluster({ shards: 2 });
  former = await readTestAuthority(cluster.ca, readFileSync(pki('ca.key'), 'utf8'));
  next = await createTestAuthority('next-services');
  const ca = `${cluster.ca}\n${next.certificate}`;
  admin = createApiClient({ url: cluster.url, ca, token: cluster.tokens['kcp-admin'] });
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

describe.skipIf(missing !== undefined)('an installation whose authority of services is replaced', () => {
  it('goes on, and believes the new one alone at the end', { timeout: 180_000 }, async () => {
    const processes = pids();
    const shown = 'what this service shows the others changed and what is new is in use';
    const work = await makeWorkspace(admin, 'root', 'before', onShard('shard-1'));
    const stop = new AbortController();
    const first = await done(admin.post(configMapsOf(work.path), configMap('first')));
    const from = String(field(first, 'metadata.resourceVersion'));
    const watched = admin.watch(`${configMapsOf(work.path)}?watch=1&resourceVersion=${from}`, stop.signal);
    const events = watched[Symbol.asyncIterator]();
    // It is there from here on: an iterator begins when it is asked.
    const begun = events.next();
    const written: string[] = [];
    const write = async (name: string) => {
      await done(admin.post(configMapsOf(work.path), configMap(name)));
      written.push(name);
    };
    await write('before');
    expect(field((await begun).value, 'object.metadata.name')).toBe('before');

    await reloaded(() => writeFile(pki('ca.crt'), `${former.certificate}\n${next.certificate}`), shown);
    await write('both-are-believed');
    await reloaded(async () => {
      for (const { part } of services()) {
        await writePair(part.name, `CN=system:kcp:service:${part.kind}, O=system:kcp:services`);
        await writePair(`${part.name}-serving`, 'CN=kcp-apiserver');
      }
    }, shown);
    await write('renewed');
    await reloaded(() => writeFile(pki('ca.crt'), next.certificate), shown);
    await write('only-the-new-one');

    // A workspace on the other shard is made by one shard for another, over a connection of theirs.
    const after = await makeWorkspace(admin, work.path, 'after', onShard('root'));
    await done(admin.post(configMapsOf(after.path), configMap('last')));
    // The watch that was begun before all of it has shown all of it, each once.
    const seen: unknown[] = ['before'];
    while (seen.at(-1) !== 'only-the-new-one') seen.push(field((await events.next()).value, 'object.metadata.name'));
    expect(seen).toEqual(written);
    stop.abort();
    expect(pids()).toEqual(processes);
  });

  it('takes nobody for a service that the former authority vouches for', async () => {
    const proxy = await former.issue('CN=system:kcp:service:front-proxy:1, O=system:kcp:services');
    await using stranger = createApiClient({
      url: portUrl(cluster, 'root'),
      ca: next.certificate,
      cert: proxy.certificate,
      key: proxy.privateKey,
    });
    expect((await stranger.get(configMapsOf('root'))).status).toBe(401);
  });
});
