import type { StoreEvent } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, flagFinalizers, formatKey, parseStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import { composeTestShard, knowsNoOthers } from './shard.fixture.ts';

/** As one that is drawn. */
const big = 'big'.padEnd(16, '0');
const otherShards = knowsNoOthers({ load: () => undefined, catchUp: () => Promise.resolve(false) });

it('a cluster goes in bounded commits, each object with a revision and an event of its own, and what is held stays marked', async () => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({ store, clock, otherShards });
  await shard.requests.create({
    cluster: big,
    path: 'root:big',
    type: 'root:universal',
    typeCluster: 'root',
    creator: { name: 'ann', groups: [] },
    requiredGroups: undefined,
    owner: { cluster: 'elsewhere', name: 'big', uid: 'u' },
  });
  const keyOf = (name: string) =>
    formatKey({ group: '', resource: 'configmaps', identity: '-', cluster: big, namespace: 'default', name });
  const put = (name: string, finalizers: readonly string[] = []) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', finalizers } };
    const flags = finalizers.length > 0 ? flagFinalizers : 0;
    const value = encodeStored('0123456789abcdef', flags, JSON.stringify(object));
    return store.commit([{ op: 'put', key: keyOf(name), expect: 'any', value: () => value }]);
  };
  await Promise.all(Array.from({ length: 450 }, (_, index) => put(`n${index}`)));
  await put('held', ['example.com/hold']);

  const events: StoreEvent[] = [];
  const sizes: number[] = [];
  using _ = store.subscribe((some) => {
    events.push(...some);
    sizes.push(some.length);
  });
  const before = store.statistics().commits;
  expect(await shard.requests.remove(big, 'u')).toMatchObject({ gone: false });
  const deleted = events.filter(({ type, key }) => type === 'delete' && /configmaps.*\/n\d+$/.test(key));
  expect(new Set(deleted.map(({ key }) => key)).size).toBe(450);
  expect(new Set(events.map(({ revision }) => revision)).size).toBe(events.length);
  expect(store.statistics().commits - before).toBeGreaterThanOrEqual(5);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(101);
  const held = store.get(keyOf('held'));
  if (held === undefined) throw new Error('what is held must stay');
  expect(parseStored<{ metadata: object }>(held.value).metadata).toHaveProperty('deletionTimestamp');

  // It lets go, and the rest follows.
  await put('held');
  expect(await shard.requests.remove(big, 'u')).toEqual({ gone: true });
  expect([store.get(logicalClusterKey(big)), await store.count({ cluster: big })]).toEqual([undefined, 0]);
});

it('what serves others in a cluster goes when all else has gone, also where somebody wrote meanwhile', async () => {
  const clock = createManualClock(Date.now());
  await using inner = createMemoryStore({ clock });
  const keyOf = (name: string) =>
    formatKey({ group: '', resource: 'configmaps', identity: '-', cluster: big, namespace: 'default', name });
  const key = keyOf('a');
  const write = (name: string) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
    const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
    return inner.commit([{ op: 'put', key: keyOf(name), expect: 'any', value: () => value }]);
  };
  let races = 0;
  const store = {
    ...inner,
    commit(operations: Parameters<typeof inner.commit>[0]) {
      // In the very turn before it is deleted.
      if (races < 2 && operations.some((operation) => operation.op === 'delete' && operation.key === key)) {
        races++;
        void write('a');
      }
      return inner.commit(operations);
    },
  };
  await using shard = await composeTestShard({ store, clock, otherShards });
  await shard.requests.create({
    cluster: big,
    path: 'root:big',
    type: 'root:universal',
    typeCluster: 'root',
    creator: { name: 'ann', groups: [] },
    requiredGroups: undefined,
    owner: { cluster: 'elsewhere', name: 'big', uid: 'u' },
  });
  // More than go in one commit: the one that is raced for is not that of the bindings.
  for (const name of ['a', ...Array.from({ length: 120 }, (_, index) => `n${index}`)]) await write(name);
  const deleted: string[] = [];
  using _ = inner.subscribe((events) => {
    for (const event of events) if (event.type === 'delete') deleted.push(event.key);
  });
  expect(await shard.requests.remove(big, 'u')).toEqual({ gone: true });
  expect(races).toBe(2);
  const first = deleted.findIndex((gone) => /\/(?:apibindings|namespaces|clusterroles)\//.test(gone));
  expect(first).toBeGreaterThan(deleted.indexOf(key));
});

it('a cluster that another shard requests is of the type that was admitted there, not of what has its path by now', async () => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({ store, clock, otherShards });
  const order = {
    cluster: big,
    path: 'root:big',
    type: 'root:universal',
    creator: { name: 'ann', groups: [] },
    owner: { cluster: 'elsewhere', name: 'big', uid: 'u' },
    requiredGroups: undefined,
  };
  const before = await shard.requests.create({ ...order, typeCluster: 'the-one-before' });
  expect(before).toEqual({ status: 'refused', why: 'unknown-type' });
  expect(await shard.requests.create({ ...order, typeCluster: 'root' })).toMatchObject({ status: 'made' });
});
