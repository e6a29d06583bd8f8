/** Parts of an installation are killed, stopped and emptied while people work with it: nothing that was acknowledged is lost, and nobody is told anything wrong. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { missingProgram } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../harness/api-client.ts';
import { createApiClient } from '../../harness/api-client.ts';
import { startTestCluster } from '../../harness/cluster.ts';
import { bind, makeWorkspace, provide, virtualWorkspace } from '../../harness/objects.ts';
import { faults } from '../config.ts';
import type { Load, LoadTarget } from './load.ts';
import { startLoad } from './load.ts';

const missing = missingProgram('etcd') ?? missingProgram('natsServer');
const shards = ['shard-1', 'shard-2', 'shard-3'] as const;
const resource = '/apis/wild.west/v1alpha1/namespaces/default/cowboys';

interface Fault {
  readonly name: string;
  /** Also in the short form. */
  readonly short: boolean;
  /** Does it, and mends it; resolves when everything is there again. */
  run(cluster: Cluster, load: Load): Promise<void>;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const killed = (name: string, short: boolean): Fault => ({
  name: `${name} is killed and started again`,
  short,
  async run(cluster, load) {
    const part = cluster.part(name);
    await part.kill('SIGKILL');
    await pause(500);
    part.start();
    await part.ready();
    await load.progress();
  },
});

const stopped = (name: string, seconds: number): Fault => ({
  name: `${name} is stopped for ${seconds} s, and goes on`,
  short: false,
  async run(cluster, load) {
    const part = cluster.part(name);
    part.pause();
    await pause(seconds * 1000);
    part.resume();
    await load.progress();
  },
});

const list: readonly Fault[] = [
  {
    name: 'the owner of a shard is killed, and its standby takes over',
    short: true,
    async run(cluster, load) {
      const owner = cluster.part('shard-2');
      const since = performance.now();
      await owner.kill('SIGKILL');
      await load.progress();
      const seconds = (performance.now() - since) / 1000;
      console.log(`takeover: ${seconds.toFixed(1)} s until writes on the shard were acknowledged again`);
      expect(seconds).toBeLessThan(20);
      owner.start();
    },
  },
  killed('virtual-workspaces', true),
  {
    name: 'NATS is killed, loses everything it had, and is started again',
    short: true,
    async run(cluster, load) {
      const nats = cluster.part('nats');
      await nats.kill('SIGKILL');
      await rm(join(cluster.folder, 'nats', 'data'), { recursive: true, force: true });
      await load.progress();
      nats.start();
      await load.progress();
    },
  },
  killed('front-proxy-2', false),
  killed('cache-server', false),
  killed('etcd', false),
  stopped('front-proxy-2', 3),
  stopped('virtual-workspaces', 4),
  stopped('shard-3', 8),
  stopped('nats', 5),
  stopped('etcd', 2),
];

if (missing === undefined) {
  let cluster: Cluster | undefined;
  let admin: ApiClient;
  const clients: ApiClient[] = [];
  const targets: LoadTarget[] = [];
  let virtualPath = '';
  beforeAll(async () => {
    cluster = await startTestCluster({ standbys: true, frontProxies: 2 });
    const token = cluster.tokens['kcp-admin'];
    for (const { part } of cluster.parts)
      if (part.kind === 'front-proxy')
        clients.push(createApiClient({ url: `https://127.0.0.1:${part.port}`, ca: cluster.ca, token }));
    admin = clients[0] as ApiClient;
    await makeWorkspace(admin, 'root', 'provider', { type: { path: 'root', name: 'universal' } });
    await provide(admin, 'root:provider', 'cowboys', 'cowboys');
    let url = '';
    for (const shard of shards) {
      const location = { selector: { matchLabels: { name: shard } } };
      const { path } = await makeWorkspace(admin, 'root', `on-${shard}`, {
        type: { path: 'root', name: 'universal' },
        location,
      });
      await bind(admin, path, 'root:provider', 'cowboys');
      targets.push({ path, shard });
      url = await virtualWorkspace(admin, 'root:provider', 'cowboys');
    }
    virtualPath = `${url}/clusters/*/apis/wild.west/v1alpha1/cowboys`;
  }, 90_000);
  afterAll(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe('during a fault nothing that was acknowledged is lost or doubled, and watchers see all of it in order', () => {
    for (const [at, fault] of list.entries()) {
      if (!fault.short && faults.rounds <= faults.shortRounds) continue;
      it(fault.name, async () => {
        // A workspace each, so that one fault's objects are not another's.
        const own: LoadTarget[] = [];
        for (const { shard } of targets) {
          const location = { selector: { matchLabels: { name: shard } } };
          const spec = { type: { path: 'root', name: 'universal' }, location };
          const { path } = await makeWorkspace(admin, 'root', `f${at}-${shard}`, spec);
          await bind(admin, path, 'root:provider', 'cowboys');
          own.push({ path, shard });
        }
        const load = startLoad({ targets: own, clients, virtualPath, resource });
        await load.progress();
        await fault.run(cluster as Cluster, load);
        await load.progress();
        expect(await load.finish()).toEqual([]);
      }, 120_000);
    }
  });
} else it.skip(`faults of an installation of several shards: ${missing}`, () => undefined);
