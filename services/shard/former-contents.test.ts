import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import { composeTestShard, knowsNoOthers } from './shard.fixture.ts';

/** As names that are drawn. */
const [gone, remade, fresh] = ['gone', 'remade', 'fresh'].map((name) => name.padEnd(16, '0')) as [
  string,
  string,
  string,
];
const otherShards = knowsNoOthers({ load: () => undefined, catchUp: () => Promise.resolve(false) });

function order(cluster: string) {
  return {
    cluster,
    path: `root:${cluster}`,
    type: 'root:universal',
    typeCluster: 'root',
    creator: { name: 'ann', groups: [] },
    owner: { cluster: 'elsewhere', name: cluster, uid: 'u' },
    requiredGroups: undefined,
  };
}

const keyOf = (cluster: string, name: string) =>
  formatKey({
    group: 'rbac.authorization.k8s.io',
    resource: 'clusterrolebindings',
    identity: '-',
    cluster,
    namespace: '',
    name,
  });

function put(key: string) {
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify({ metadata: { name: 'x', uid: 'x' } }));
  return { op: 'put', key, expect: 'any', value: () => value } as const;
}

/** Controllers give way to requests between their keys. */
async function turn(clock: { advance(ms: number): void }): Promise<void> {
  clock.advance(1);
  await new Promise((resolve) => setImmediate(resolve));
}

it('what a former cluster left behind is nobody’s: it is collected, and nothing is made under its name before', async () => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  // As an earlier version left them: a cluster that is gone with many objects left, and one that
  // was made again under its name.
  const left = Array.from({ length: 150 }, (_, index) => keyOf(gone, `n${index}`));
  for (const key of [...left, keyOf(remade, 'former')]) await store.commit([put(key)]);
  await store.commit([put(logicalClusterKey(remade)), put(keyOf(remade, 'own'))]);
  await using shard = await composeTestShard({ store, clock, otherShards });

  for (let turns = 0; turns < 5_000 && (await store.count({ cluster: gone })) > 0; turns++) await turn(clock);
  expect(await store.count({ cluster: gone })).toBe(0);
  for (let turns = 0; turns < 5_000 && store.get(keyOf(remade, 'former')) !== undefined; turns++) await turn(clock);
  expect(store.get(keyOf(remade, 'former'))).toBeUndefined();
  expect([store.get(keyOf(remade, 'own')), store.get(logicalClusterKey(remade))]).not.toContain(undefined);
  expect(await shard.requests.create(order(gone))).toMatchObject({ status: 'made' });

  await store.commit([put(keyOf(fresh, 'in-the-way'))]);
  await expect(shard.requests.create(order(fresh))).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  expect(store.get(logicalClusterKey(fresh))).toBeUndefined();
  await store.commit([{ op: 'delete', key: keyOf(fresh, 'in-the-way'), expect: 'any' }]);
  expect(await shard.requests.create(order(fresh))).toMatchObject({ status: 'made' });
});

it('a LogicalCluster goes last, and not while anything comes into its cluster', async () => {
  const clock = createManualClock(Date.now());
  await using inner = createMemoryStore({ clock });
  let intrude = 0;
  // Somebody writes into the cluster in the very turn before its LogicalCluster is deleted.
  const store = {
    ...inner,
    commit(operations: Parameters<typeof inner.commit>[0]) {
      const last = operations.some(({ op, key }) => op === 'delete' && key === logicalClusterKey(fresh));
      if (last && intrude++ < 3) void inner.commit([put(keyOf(fresh, `intruder${intrude}`))]);
      return inner.commit(operations);
    },
  };
  await using shard = await composeTestShard({ store, clock, otherShards });
  expect(await shard.requests.create(order(fresh))).toMatchObject({ status: 'made' });
  const events: string[] = [];
  using _ = inner.subscribe((some) => {
    for (const { type, key } of some) if (type === 'delete') events.push(key);
  });
  expect(await shard.requests.remove(fresh, 'u')).toEqual({ gone: true });
  expect(intrude).toBe(4);
  expect(await inner.count({ cluster: fresh })).toBe(0);
  expect(events.at(-1)).toBe(logicalClusterKey(fresh));
});
