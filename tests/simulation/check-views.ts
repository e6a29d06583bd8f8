/** Soon after the last fault everybody's view is what the shards are. */
import type { SimCache } from './cache.ts';
import { copiedPrefix, feedPrefixes } from './feeds.ts';
import type { SimProxy } from './proxy.ts';
import type { CopiesView, SimShard } from './simulation.ts';
import type { Tenant } from './tenant.ts';

const everything = 100_000;

/** Keys, with the revision of each, of what is there of a shard below some prefixes. */
function stateOf({ disk }: SimShard, prefixes: readonly string[]): Map<string, number> {
  const state = new Map<string, number>();
  for (const { key, type, revision } of disk.log) {
    if (!prefixes.some((prefix) => key.startsWith(prefix))) continue;
    if (type === 'put') state.set(key, revision);
    else state.delete(key);
  }
  return state;
}

function checkCopies(owner: string, { view, violations }: CopiesView, shards: readonly SimShard[]): string[] {
  const truth = new Map(shards.flatMap((shard) => [...stateOf(shard, [copiedPrefix])]));
  const found = [...violations];
  for (const { key, revision } of view.scan({ prefix: '' }, everything)) {
    if (truth.get(key) !== revision) found.push(`${owner} has ${key} at ${revision}, and it is at ${truth.get(key)}`);
    truth.delete(key);
  }
  for (const key of truth.keys()) found.push(`${owner} lacks ${key}`);
  return found;
}

function checkPaths({ process, placed }: SimProxy, tenant: Tenant): string[] {
  const found: string[] = [];
  for (const [path, expected] of tenant.paths())
    if (placed(path) !== expected)
      found.push(`${process.host} has ${path} at ${placed(path)}, and it is at ${expected}`);
  return found;
}

async function checkKept(cache: SimCache, shard: SimShard): Promise<string[]> {
  const truth = stateOf(shard, feedPrefixes);
  const kept = await cache.kept(shard.name);
  if (typeof kept === 'string') return truth.size === 0 ? [] : [`${cache.host} does not say what it keeps: ${kept}`];
  const keys = new Set([...truth.keys(), ...kept.keys()]);
  return [...keys].flatMap((key) =>
    truth.get(key) === kept.get(key)
      ? []
      : [`${cache.host} keeps ${key} at ${kept.get(key)}, and it is at ${truth.get(key)}`],
  );
}

export interface Views {
  readonly shards: readonly SimShard[];
  readonly proxies: readonly SimProxy[];
  readonly cache: SimCache;
  readonly tenant: Tenant;
}

/** What is wrong, in words; nothing where all is well. */
export async function checkViews({ shards, proxies, cache, tenant }: Views): Promise<readonly string[]> {
  const kept = await Promise.all(shards.map((shard) => checkKept(cache, shard)));
  return [
    ...tenant.violations,
    ...kept.flat(),
    ...cache.incarnations().flatMap(({ copies }) => copies.violations),
    ...proxies.flatMap((proxy) => [
      ...checkCopies(proxy.process.host, proxy.copies, shards),
      ...checkPaths(proxy, tenant),
    ]),
    ...shards.flatMap((shard) => {
      const { view, process } = shard.life();
      const others = shards.filter((other) => other !== shard);
      return checkCopies(process.address, view, others);
    }),
  ];
}
