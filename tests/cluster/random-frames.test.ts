/**
 * Random frames and bodies at every port of a sharded installation: no process ends, others are
 * answered, and memory returns. KCP_FUZZ_SEED chooses the same again.
 */
import { readFile } from 'node:fs/promises';
import { createSystemRandom } from '@kcp-ts/base';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { connectRawHttp2 } from '@kcp-ts/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chanceOf, randomFrame } from '../attacks/frames.fixture.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { fuzzSeed } from '../harness/config.ts';

const fuzzMs = 8_000;
const connectionsAtOnce = 6;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startTestCluster({ shards: 2 });
}, 120_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const paths = [
  '/',
  '/clusters/root/api/v1/namespaces/default/configmaps',
  '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces?watch=true',
  '/clusters/root/openapi/v2',
  '/services/apiexport/root/tenancy.kcp.io/clusters/*/apis/tenancy.kcp.io/v1alpha1/workspaces',
  '/clusters/%/x',
  'nothing',
];

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

it('random frames and bodies end no service, hold up nobody for long, and leave no memory behind', {
  timeout: 60_000,
}, async () => {
  const seed = fuzzSeed ?? createSystemRandom().integer(2 ** 31);
  process.stdout.write(`the seed of the frames: ${seed}\n`);
  const chance = chanceOf(seed);
  const kinds = ['shard', 'front-proxy', 'virtual-workspaces', 'cache-server'];
  const parts = cluster.parts.filter(({ part }) => kinds.includes(part.kind));
  const pids = parts.map(({ pid }) => pid ?? 0);
  const before = await Promise.all(pids.map(residentBytes));
  const token = cluster.tokens['kcp-admin'];
  const until = performance.now() + fuzzMs;
  let sent = 0;

  async function attack(port: number): Promise<void> {
    while (performance.now() < until) {
      const client = await connectRawHttp2({ port, ca: cluster.ca, windowBytes: chance(2) * 65_535 }).catch(
        () => undefined,
      );
      // The gRPC ports refuse clients without a certificate.
      if (client === undefined) continue;
      for (let index = chance(60); index > 0 && !client.socket.destroyed; index--) {
        await client.send(randomFrame(chance, paths, token));
        sent++;
      }
      await client[Symbol.asyncDispose]();
    }
  }

  const ports = parts.flatMap(({ part }) => (part.otherPort === 0 ? [part.port] : [part.port, part.otherPort]));
  await using admin = createApiClient({ url: cluster.url, ca: cluster.ca, token });
  const attacks = Promise.all(ports.flatMap((port) => Array.from({ length: connectionsAtOnce }, () => attack(port))));
  let answered = 0;
  while (performance.now() < until) {
    const { status } = await admin.get('/clusters/root/apis/core.kcp.io/v1alpha1/logicalclusters/cluster');
    expect(status).toBe(200);
    answered++;
  }
  await attacks;
  expect(sent).toBeGreaterThan(500);
  expect(answered).toBeGreaterThan(20);
  expect(parts.map(({ pid }) => pid)).toEqual(pids);
  for (const pid of pids) process.kill(pid, 0);
  const after = await Promise.all(pids.map(residentBytes));
  for (const [index, bytes] of after.entries()) expect(bytes - (before[index] ?? 0)).toBeLessThan(200 * 1024 * 1024);
});
