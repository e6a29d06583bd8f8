/**
 * Two processes for one shard: one of them may go at any time when both are ready, as a disruption
 * budget sees it, and nothing else is lost by that.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@kcp-ts/base';
import type { RunningShard } from '@kcp-ts/shard';
import { readConfig, startShard } from '@kcp-ts/shard';
import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { configMap, configMapsOf } from '../harness/objects.ts';

const missing = missingProgram('etcd');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const path = configMapsOf('root');

/** One process of the shard, as what deploys it sees it. */
interface Replica {
  readonly masters: ApiClient;
  readonly somebody: ApiClient;
  isReady(): Promise<boolean>;
  stop(): Promise<void>;
}

describe.skipIf(missing !== undefined)('a shard of two processes', () => {
  let etcd: TestEtcd;
  let folder: string;
  const replicas: Replica[] = [];
  beforeEach(async () => {
    [etcd, folder] = await Promise.all([startEtcd(), mkdtemp(join(tmpdir(), 'kcp-ts-standby-'))]);
    await writeFile(join(folder, 'tokens'), 'm,admin,1,system:masters\ns,somebody,2,\n');
  });
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.stop();
    await etcd[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Resolves when the process answers. */
  async function start(name: string): Promise<Replica> {
    const [port = 0] = await freePorts(1);
    const rootDirectory = join(folder, name);
    const flags = [
      ...['--root-directory', rootDirectory, '--secure-port', String(port), '--bind-address', '127.0.0.1', '-v', '0'],
      ...['--etcd-servers', etcd.endpoint, '--token-auth-file', join(folder, 'tokens')],
    ];
    const result = readConfig(flags, {});
    if (result.kind !== 'config') throw new Error(JSON.stringify(result));
    const starting = startShard(result.config);
    let running: RunningShard | undefined;
    void starting.then((shard) => {
      running = shard;
    });
    const ca = await untilRead(join(rootDirectory, 'serving-ca.crt'));
    const client = (token: string) => createApiClient({ url: `https://127.0.0.1:${port}`, ca, token });
    const replica: Replica = {
      masters: client('m'),
      somebody: client('s'),
      isReady: () =>
        replica.masters.get('/readyz').then(
          ({ status }) => status === 200,
          () => false,
        ),
      async stop() {
        await replica.masters[Symbol.asyncDispose]();
        await replica.somebody[Symbol.asyncDispose]();
        running ??= await starting;
        await running[Symbol.asyncDispose]();
      },
    };
    replicas.push(replica);
    while (
      !(await replica.masters.get('/livez').then(
        ({ status }) => status === 200,
        () => false,
      ))
    )
      await new Promise((resolve) => setImmediate(resolve));
    return replica;
  }

  /** minAvailable 1: a process may be taken away when the other one is ready. */
  async function evict(chosen: Replica): Promise<void> {
    const others = replicas.filter((replica) => replica !== chosen);
    expect(await Promise.all(others.map((other) => other.isReady()))).toContain(true);
    replicas.splice(replicas.indexOf(chosen), 1);
    await chosen.stop();
  }

  it('says of each which it is, and how far the standby is', async () => {
    const owner = await start('a');
    await owner.masters.until('/readyz', ({ status }) => status === 200);
    expect((await owner.masters.get('/readyz?verbose')).text).toContain('[+]role ok: owner\n');
    const standby = await start('b');
    await standby.masters.until('/readyz', ({ status }) => status === 200);
    const { text } = await standby.somebody.get('/readyz?verbose');
    expect(text).toMatch(/^\[\+\]role ok: standby, complete as of \d\.\d s ago$/m);
    expect((await standby.masters.get('/livez')).status).toBe(200);

    expect((await owner.masters.get('/metrics')).text).toMatch(/^kcp_shard_role\{role="owner"\} 1$/m);
    const metrics = (await standby.masters.get('/metrics')).text;
    expect(metrics).toMatch(/^kcp_shard_role\{role="owner"\} 0$/m);
    expect(metrics).toMatch(/^kcp_shard_role\{role="standby"\} 1$/m);
    expect(metrics).toMatch(/^kcp_shard_mirror_lag_seconds [0-9.e-]+$/m);
    expect(metrics).toMatch(/^process_cpu_seconds_total /m);
    const refused = await standby.somebody.get('/metrics');
    expect(refused.body).toMatchObject({ kind: 'Status', code: 503, message: expect.stringContaining('standby') });
    expect((await standby.masters.get(path)).body).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    await evict(owner);
    await standby.masters.until('/readyz?verbose', ({ text: now }) => now.includes('[+]role ok: owner'));
  }, 60_000);

  it('is not ready as long as its mirror is not, or etcd is away', async () => {
    const owner = await start('a');
    await owner.masters.until('/readyz', ({ status }) => status === 200);
    const standby = await start('b');
    await standby.masters.until('/readyz', ({ status }) => status === 200);
    etcd.pause();
    const behind = await standby.masters.until('/readyz?verbose', ({ status }) => status === 500);
    expect(behind.text).toMatch(/^\[-\]role failed: standby, and its mirror has not been complete for \d+\.\d s$/m);
    etcd.resume();
    for (const replica of [owner, standby]) await replica.masters.until('/readyz', ({ status }) => status === 200);
  }, 60_000);

  it('is rolled over, one process after the other, and has everything that was acknowledged', async () => {
    const first = await start('a');
    await first.masters.until('/readyz', ({ status }) => status === 200);
    expect((await first.masters.post(path, configMap('one'))).status).toBe(201);
    const second = await start('b');
    await second.masters.until('/readyz', ({ status }) => status === 200);
    await evict(first);
    await second.masters.until(`${path}/one`, ({ status }) => status === 200);
    expect((await second.masters.post(path, configMap('two'))).status).toBe(201);
    const third = await start('a');
    await third.masters.until('/readyz', ({ status }) => status === 200);
    await evict(second);
    await third.masters.until(`${path}/two`, ({ status }) => status === 200);
    expect((await third.masters.get(`${path}/one`)).status).toBe(200);
  }, 60_000);
});

/** The text of a file that is being made. */
async function untilRead(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.includes('END CERTIFICATE')) return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
