import type { ClusterName } from '@kcp-ts/api';
import { createTurns } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import type { Entry } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { createCatalog } from './catalog.ts';

const cluster = 'c1' as ClusterName;
const keyOf = (name: string) =>
  formatKey({
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    identity: '-',
    cluster,
    namespace: '',
    name,
  });

function resource(plural: string): ServedResource {
  const served = { definition: { group: 'example.com', version: 'v1', plural }, storage: undefined as unknown };
  served.storage = served;
  return served as unknown as ServedResource;
}

/**
 * A cluster of so many definitions, each of which takes a millisecond to read; turns are taken when
 * the test says so.
 */
async function observed(count: number) {
  let nowMs = 0;
  let read = 0;
  const waiting: (() => void)[] = [];
  const store = createMemoryStore({ clock: createManualClock() });
  const put = (name: string) => ({
    op: 'put',
    key: keyOf(name),
    expect: 'any',
    value: () => encodeStored('0123456789abcdef', 0, JSON.stringify({ metadata: { name } })),
  });
  for (let index = 0; index < count; index++) await store.commit([put(`d${index}`) as never]);
  const kept: ServedResource[] = [];
  const componentOfCrd = ({ key, revision }: Entry) => {
    nowMs += 1;
    read++;
    const served = resource(key.split('/').at(-1) ?? '');
    kept.push(served);
    return { key: `${key}@${revision}`, resources: () => [served] };
  };
  const catalog = createCatalog({
    store,
    base: [],
    clustersMax: 10,
    surfacesMax: 10,
    componentsOfBinding: () => [],
    componentOfCrd,
  });
  const turns = createTurns({ clock: { monotonic: () => nowMs }, nextTurn: (run) => void waiting.push(run) });
  return {
    catalog,
    turns,
    store,
    read: () => read,
    served: (name: string) => catalog.surface(cluster).findAny('example.com', name) !== undefined,
    async add(name: string) {
      await store.commit([put(name) as never]);
      catalog.changed(keyOf(name));
    },
    async remove(name: string) {
      await store.commit([{ op: 'delete', key: keyOf(name), expect: 'any' }]);
      catalog.changed(keyOf(name));
    },
    /** One turn after the other, until nothing waits; the most that was read in one. */
    async rest(): Promise<number> {
      let most = 0;
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
        const before = read;
        run();
        await new Promise((resolve) => setImmediate(resolve));
        most = Math.max(most, read - before);
      }
      return most;
    },
  };
}

it('what a cluster serves is read in slices, once for all who ask meanwhile', async () => {
  const { catalog, turns, rest, read, served, store } = await observed(120);
  const first = catalog.prepare(cluster, turns);
  expect(catalog.prepare(cluster, turns)).toBe(first);
  expect(await rest()).toBeLessThan(20);
  await first;
  expect([read(), served('d0'), served('d119'), read()]).toEqual([120, true, true, 120]);
  expect(catalog.prepare(cluster, turns)).toBeUndefined();
  await store[Symbol.asyncDispose]();
});

it('what changes while it is read is served as it is then', async () => {
  const { catalog, turns, rest, served, add, remove, store } = await observed(120);
  const done = catalog.prepare(cluster, turns);
  await remove('d0');
  await remove('d99');
  await add('d00');
  await rest();
  await done;
  expect(['d0', 'd99', 'd00', 'd1', 'd119'].map(served)).toEqual([false, false, true, true, true]);
  await store[Symbol.asyncDispose]();
});

it('a cluster that goes while it is read is not kept, and who asks without waiting is answered', async () => {
  const { catalog, turns, rest, served, store } = await observed(120);
  const done = catalog.prepare(cluster, turns);
  catalog.forget(cluster);
  await rest();
  await done;
  expect(catalog.size()).toBe(0);
  const again = catalog.prepare(cluster, turns);
  expect(served('d119')).toBe(true);
  await rest();
  await again;
  expect(served('d119')).toBe(true);
  await store[Symbol.asyncDispose]();
});
