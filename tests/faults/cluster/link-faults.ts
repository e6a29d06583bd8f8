/**
 * The connection between two parts is cut, goes silent, or is slow: one pair of every kind there
 * is.
 */
import type { LinkCondition } from '@kcp-ts/testing';
import type { Link } from '../../harness/links.ts';
import type { Fault } from './fault.ts';
import { pause, untilOwned } from './fault.ts';
import type { FaultInstallation, ShardName } from './installation.ts';

interface Pair {
  readonly name: string;
  /** Of a shard, the process that owns it is meant: it may be the one or the other. */
  readonly from: string;
  readonly to: string;
  readonly use?: Link['use'];
  unharmed(shard: string, way: string): boolean;
}

const lastsMs = 3_000;
const slowMs = 200;
const everybody = () => true;
const broken: ShardName = 'shard-1';
const others = (shard: string) => shard !== broken;

const pairs: readonly Pair[] = [
  { name: 'a shard and its etcd', from: broken, to: 'etcd', use: 'store', unharmed: others },
  { name: 'a shard and the coordination etcd', from: broken, to: 'etcd', use: 'coordination', unharmed: others },
  { name: 'a shard and NATS', from: broken, to: 'nats', unharmed: others },
  { name: 'a shard and another shard', from: 'root', to: broken, unharmed: everybody },
  { name: 'a shard and the cache-server', from: 'root', to: 'cache-server', unharmed: everybody },
  {
    name: 'a front-proxy and a shard',
    from: 'front-proxy-1',
    to: broken,
    unharmed: (shard, way) => shard !== broken || way !== 'front-proxy-1',
  },
  { name: 'a front-proxy and NATS', from: 'front-proxy-1', to: 'nats', unharmed: everybody },
  { name: 'a front-proxy and the coordination etcd', from: 'front-proxy-1', to: 'etcd', unharmed: everybody },
  { name: 'a front-proxy and the cache-server', from: 'front-proxy-1', to: 'cache-server', unharmed: everybody },
  {
    name: 'a front-proxy and virtual-workspaces',
    from: 'front-proxy-1',
    to: 'virtual-workspaces',
    unharmed: everybody,
  },
  { name: 'virtual-workspaces and a shard', from: 'virtual-workspaces', to: broken, unharmed: everybody },
  { name: 'virtual-workspaces and NATS', from: 'virtual-workspaces', to: 'nats', unharmed: everybody },
  { name: 'virtual-workspaces and the coordination etcd', from: 'virtual-workspaces', to: 'etcd', unharmed: everybody },
  {
    name: 'virtual-workspaces and the cache-server',
    from: 'virtual-workspaces',
    to: 'cache-server',
    unharmed: everybody,
  },
  { name: 'the cache-server and a shard', from: 'cache-server', to: broken, unharmed: everybody },
  { name: 'the cache-server and NATS', from: 'cache-server', to: 'nats', unharmed: everybody },
  { name: 'the cache-server and the coordination etcd', from: 'cache-server', to: 'etcd', unharmed: everybody },
];

const conditions: readonly (readonly [string, LinkCondition])[] = [
  ['cut', { kind: 'cut' }],
  ['silent', { kind: 'silent' }],
  [`slow by ${slowMs} ms each way`, { kind: 'slow', ms: slowMs }],
];

/** The processes that a name means now. */
async function processOf({ owner }: FaultInstallation, name: string): Promise<string> {
  return name.startsWith('shard-') ? owner(name as ShardName) : name;
}

const fault = (pair: Pair, [text, condition]: (typeof conditions)[number]): Fault => ({
  name: `the connection between ${pair.name} is ${text} for ${lastsMs / 1000} s`,
  short: false,
  shard: broken,
  unharmed: pair.unharmed,
  async run(installation, load) {
    const from = await processOf(installation, pair.from);
    const to = await processOf(installation, pair.to);
    const link = { from, to, ...(pair.use === undefined ? {} : { use: pair.use }) };
    await installation.links.set(link, condition);
    await pause(lastsMs);
    await installation.links.set(link, { kind: 'open' });
    // Without its etcd a shard loses its lease: then it is over when somebody owns it again.
    if (pair.use === 'store') await untilOwned(load, (shard) => shard === broken);
  },
});

/** All of them; those that the seed names, two a run, are in the short form too. */
export function linkFaults(seed: number): readonly Fault[] {
  const all = conditions.flatMap((condition) => pairs.map((pair) => fault(pair, condition)));
  // Two that have neither the pair nor the condition in common.
  const first = seed % all.length;
  const second = (first + pairs.length + 1 + (Math.floor(seed / all.length) % (pairs.length - 1))) % all.length;
  return all.map((one, at) => (at === first || at === second ? { ...one, short: true } : one));
}
