/** Processes are killed, stopped and robbed of their data. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from './fault.ts';
import { pause, untilOwned } from './fault.ts';
import type { ShardName } from './installation.ts';

type Unharmed = Fault['unharmed'];

const everybody: Unharmed = () => true;
const nobody: Unharmed = () => false;
const others =
  (broken: ShardName): Unharmed =>
  (shard) =>
    shard !== broken;
const notBy =
  (proxy: string): Unharmed =>
  (_shard, way) =>
    way !== proxy;

const downMs = 500;

const killed = (name: string, unharmed: Unharmed, short = false): Fault => ({
  name: `${name} is killed and started again`,
  short,
  shard: 'shard-1',
  unharmed,
  async run({ cluster }, load) {
    const part = cluster.part(name);
    await part.kill('SIGKILL');
    await pause(downMs);
    part.start();
    await part.ready();
    if (name === 'etcd') await untilOwned(load, () => true);
  },
});

const stopped = (name: string, seconds: number, unharmed: Unharmed, shard: ShardName = 'shard-1'): Fault => ({
  name: `${name} is stopped for ${seconds} s, and goes on`,
  short: false,
  shard,
  unharmed,
  async run({ cluster }, load) {
    const part = cluster.part(name);
    part.pause();
    await pause(seconds * 1000);
    part.resume();
    if (name === 'etcd') await untilOwned(load, () => true);
  },
});

export const processFaults: readonly Fault[] = [
  {
    name: 'the owner of a shard is killed, and its standby takes over',
    short: true,
    shard: 'shard-1',
    unharmed: others('shard-1'),
    async run(installation, load) {
      const owner = installation.cluster.part(await installation.owner('shard-1'));
      await owner.kill('SIGKILL');
      await untilOwned(load, (shard) => shard === 'shard-1');
      owner.start();
    },
  },
  killed('virtual-workspaces', everybody, true),
  {
    name: 'NATS is killed, loses everything it had, and is started again',
    short: true,
    shard: 'shard-1',
    unharmed: everybody,
    async run({ cluster }, load) {
      const nats = cluster.part('nats');
      await nats.kill('SIGKILL');
      await rm(join(cluster.folder, 'nats', 'data'), { recursive: true, force: true });
      await load.progress();
      nats.start();
    },
  },
  killed('front-proxy-2', notBy('front-proxy-2')),
  killed('cache-server', everybody),
  killed('etcd', nobody),
  stopped('front-proxy-2', 3, notBy('front-proxy-2')),
  stopped('virtual-workspaces', 4, everybody),
  {
    name: 'the owner of a shard is stopped for 8 s, and goes on',
    short: false,
    shard: 'shard-2',
    unharmed: others('shard-2'),
    async run(installation) {
      const owner = installation.cluster.part(await installation.owner('shard-2'));
      owner.pause();
      await pause(8_000);
      owner.resume();
    },
  },
  stopped('cache-server', 4, everybody),
  stopped('nats', 5, everybody),
  stopped('etcd', 2, nobody),
  // Longer than any lease lasts: every shard is a standby for a while.
  stopped('etcd', 10, nobody),
];
