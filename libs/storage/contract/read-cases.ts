import { expect } from 'vitest';
import type { Store } from '../store.ts';
import type { StoreCase } from './store-case.ts';
import { committed, configmaps, keyOf, put, remove, shown } from './store-case.ts';

async function fill(store: Store, count: number, prefix = 'o'): Promise<void> {
  const names = Array.from({ length: count }, (_, number) => `${prefix}${String(number).padStart(5, '0')}`);
  await Promise.all(names.map((name) => committed(store, put(keyOf(name), name))));
}

export const readCases: readonly StoreCase[] = [
  {
    name: 'a page ends with the entry that brings it to so many bytes',
    async run({ open }) {
      await using store = await open();
      const names = ['a', 'b', 'c', 'd'];
      await committed(store, ...names.map((name) => put(keyOf(name), 'x'.repeat(100))));
      const range = { prefix: 'core/configmaps/-/' };
      const [one] = (await store.list(range, { limit: 1 })).entries;
      const bytesMax = (one?.value.length ?? 0) + 1;
      const first = await store.list(range, { bytesMax });
      expect(first.entries).toHaveLength(2);
      expect(first.more).toBe(true);
      const rest = await store.list(range, { bytesMax, after: first.entries.at(-1)?.key, at: first.revision });
      expect(rest.entries).toHaveLength(2);
      expect(rest.more).toBe(false);
    },
  },
  {
    name: 'a range is the keys that start with whole segments, in order',
    async run({ open }) {
      await using store = await open();
      await committed(
        store,
        put(keyOf('b', 'root', 'default'), '1'),
        put(keyOf('a', 'root', 'other'), '2'),
        put(keyOf('a', 'team', 'default'), '3'),
        put(keyOf('a', 'root', 'default'), '4'),
        put(keyOf('a', 'root-2', 'default'), '5'),
        put(keyOf('s', 'root', 'default', 'secrets'), '6'),
      );
      const list = async (prefix: string) => shown((await store.list({ prefix })).entries);
      expect(await list('core/configmaps/-/root/default/')).toEqual(['a=4', 'b=1']);
      expect(await list('core/configmaps/-/root/')).toEqual(['a=4', 'b=1', 'a=2']);
      expect(await list('core/configmaps/-/')).toEqual(['a=5', 'a=4', 'b=1', 'a=2', 'a=3']);
      expect(await list('')).toHaveLength(6);
      expect(await list('core/configmaps/-/roo/')).toEqual([]);
      await expect(store.list({ prefix: 'core/conf' })).rejects.toThrow(RangeError);
      const found = store.scan({ prefix: 'core/configmaps/-/' }, 2);
      expect(shown(found)).toEqual(['a=5', 'a=4']);
      const rest = store.scan({ prefix: 'core/configmaps/-/' }, 100, found.at(-1)?.key);
      expect(shown([...found, ...rest])).toEqual(shown(store.scan({ prefix: 'core/configmaps/-/' }, 100)));
    },
  },
  {
    name: 'everything of a cluster, and of a namespace, is a range too, in cluster order',
    async run({ open }) {
      await using store = await open();
      await committed(
        store,
        put(keyOf('s', 'root', 'default', 'secrets'), '1'),
        put(keyOf('a', 'root', 'default'), '2'),
        put(keyOf('default', 'root', '', 'namespaces'), '3'),
        put(keyOf('a', 'root:b', 'default'), '4'),
        put(keyOf('z', 'root', 'zone'), '5'),
      );
      const list = async (namespace?: string) => {
        const range = namespace === undefined ? { cluster: 'root' } : { cluster: 'root', namespace };
        return shown((await store.list(range)).entries);
      };
      expect(await list()).toEqual(['default=3', 'a=2', 's=1', 'z=5']);
      expect(await list('')).toEqual(['default=3']);
      expect(await list('default')).toEqual(['a=2', 's=1']);
      const page = await store.list({ cluster: 'root' }, { after: keyOf('a', 'root', 'default'), limit: 1 });
      expect(shown(page.entries)).toEqual(['s=1']);
      expect(await store.count({ cluster: 'root' })).toBe(4);
    },
  },
  {
    name: 'a read at a revision is as it was then',
    async run({ open }) {
      await using store = await open();
      const first = await committed(store, put(keyOf('a'), '1'), put(keyOf('b'), '1'), put(keyOf('c'), '1'));
      const second = await committed(store, put(keyOf('a'), '2'), remove(keyOf('b')), put(keyOf('d'), '2'));
      await committed(store, put(keyOf('b'), '3'), remove(keyOf('c')), put(keyOf('a'), '3'));
      const at = async (revision: typeof first.revision, options = {}) =>
        shown((await store.list(configmaps, { at: revision, ...options })).entries);
      expect(await at(first.revision)).toEqual(['a=1', 'b=1', 'c=1']);
      expect(await at(second.revision)).toEqual(['a=2', 'c=1', 'd=2']);
      expect(await at(first.revision, { after: keyOf('a'), limit: 1 })).toEqual(['b=1']);
      expect(shown((await store.list({ cluster: 'root' }, { at: first.revision })).entries)).toEqual([
        'a=1',
        'b=1',
        'c=1',
      ]);
      expect(await store.count(configmaps, { at: second.revision })).toBe(3);
      expect(await store.count(configmaps, { after: keyOf('b'), atMost: 1 })).toBe(1);
      const old = (await store.list(configmaps, { at: second.revision })).entries[1];
      expect(old).toMatchObject({ createRevision: old?.revision });
    },
  },
  {
    name: 'pages go on at the revision of the first while others write',
    async run({ open }) {
      await using store = await open();
      await fill(store, 50);
      const expected = shown((await store.list(configmaps)).entries);
      const found: string[] = [];
      let after: string | undefined;
      let at = store.currentRevision();
      for (let more = true, round = 0; more; round++) {
        const page = await store.list(configmaps, { at, after, limit: 7 });
        found.push(...shown(page.entries));
        after = page.entries.at(-1)?.key;
        at = page.revision;
        more = page.more;
        const number = String((round * 13) % 50).padStart(5, '0');
        await committed(store, put(keyOf(`o${number}`), 'new'), put(keyOf(`p${round}`), 'new'));
        await committed(store, remove(keyOf(`o${String((round * 7 + 3) % 50).padStart(5, '0')}`)));
      }
      expect(found).toEqual(expected);
    },
  },
  {
    name: 'a long list is of one revision, and lets others go first',
    async run({ open, clock }) {
      await using store = await open();
      await fill(store, 2_000);
      const revision = store.currentRevision();
      clock.spendPerLook(10);
      const reading = Promise.all([store.list(configmaps), store.count(configmaps)]);
      const writes: Promise<unknown>[] = [];
      let finished = false;
      void reading.then(() => (finished = true));
      let turns = 0;
      while (!finished) {
        const number = String((turns++ * 37) % 2_000).padStart(5, '0');
        writes.push(committed(store, put(keyOf(`o${number}`), 'new'), put(keyOf(`q${turns}`), 'new')));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const [page, counted] = await reading;
      await Promise.all(writes);
      expect(turns).toBeGreaterThan(5);
      expect(page.revision).toBe(revision);
      expect(page.entries).toHaveLength(2_000);
      expect(counted).toBe(2_000);
      expect(page.entries.every((entry) => entry.revision <= revision)).toBe(true);
    },
  },
];
