import type { Revision } from '@kcp-ts/meta';
import { expect } from 'vitest';
import type { Operation } from '../store.ts';
import { commitBytesMax, valueBytesMax } from '../store.ts';
import type { StoreCase } from './store-case.ts';
import { committed, configmaps, keyOf, put, remove, shown, shownEvents, textOf } from './store-case.ts';

export const commitCases: readonly StoreCase[] = [
  {
    name: 'put creates a key that does not exist',
    async run({ open }) {
      await using store = await open();
      const { revision, entries } = await committed(store, put(keyOf('a'), 'one', 'absent'));
      expect(store.get(keyOf('a'))).toMatchObject({ key: keyOf('a'), revision, createRevision: revision });
      expect(shown(entries)).toEqual(['a=one']);
      expect(textOf(store.get(keyOf('a')))).toBe('one');
      expect(store.currentRevision()).toBe(revision);
    },
  },
  {
    name: 'put refuses to create a key that exists',
    async run({ open }) {
      await using store = await open();
      const { revision } = await committed(store, put(keyOf('a'), 'one', 'absent'));
      const result = await store.commit([put(keyOf('a'), 'two', 'absent')]);
      expect(result).toMatchObject({ status: 'conflict', index: 0, key: keyOf('a'), current: { revision } });
      expect(textOf(store.get(keyOf('a')))).toBe('one');
    },
  },
  {
    name: 'put at a revision succeeds once, and keeps the create revision',
    async run({ open }) {
      await using store = await open();
      const { revision } = await committed(store, put(keyOf('a'), 'one'));
      const second = await committed(store, put(keyOf('a'), 'two', revision));
      expect(second.revision).toBeGreaterThan(revision);
      expect(store.get(keyOf('a'))).toMatchObject({ revision: second.revision, createRevision: revision });
      expect(await store.commit([put(keyOf('a'), 'three', revision)])).toMatchObject({ status: 'conflict' });
    },
  },
  {
    name: 'a value may contain its own revision, and is asked for once, at once, and only when all holds',
    async run({ open }) {
      await using store = await open();
      const asked: Revision[] = [];
      const operation = (key: string, expected: 'absent' | 'any'): Operation => ({
        op: 'put',
        key,
        expect: expected,
        value: (revision) => {
          asked.push(revision);
          return Buffer.from(String(revision));
        },
      });
      const promise = store.commit([operation(keyOf('a'), 'absent')]);
      expect(asked).toHaveLength(1);
      await promise;
      expect(textOf(store.get(keyOf('a')))).toBe(String(asked[0]));
      await store.commit([operation(keyOf('b'), 'any'), operation(keyOf('a'), 'absent')]);
      expect(asked).toHaveLength(1);
    },
  },
  {
    name: 'a commit of several keys writes all or nothing',
    async run({ open }) {
      await using store = await open();
      await committed(store, put(keyOf('b'), 'there'));
      const before = store.currentRevision();
      const refused = await store.commit([put(keyOf('a'), 'x'), put(keyOf('b'), 'x', 'absent'), remove(keyOf('c'))]);
      expect(refused).toMatchObject({ status: 'conflict', index: 1, key: keyOf('b') });
      expect(store.get(keyOf('a'))).toBeUndefined();
      expect(store.currentRevision()).toBe(before);
      const { entries } = await committed(store, put(keyOf('a'), 'x'), remove(keyOf('b')), put(keyOf('c'), 'y'));
      expect(shown(entries)).toEqual(['a=x', 'c=y']);
      expect(shown((await store.list(configmaps)).entries)).toEqual(['a=x', 'c=y']);
    },
  },
  {
    name: 'each put and delete gets a revision of its own, in order',
    async run({ open }) {
      await using store = await open();
      const revisions: Revision[] = [];
      using _ = store.subscribe((events) => void revisions.push(...events.map((event) => event.revision)));
      await Promise.all([
        committed(store, put(keyOf('a'), '1'), put(keyOf('b'), '1'), put(keyOf('c'), '1')),
        committed(store, put(keyOf('d'), '1'), remove(keyOf('a'))),
      ]);
      expect(revisions).toHaveLength(5);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    },
  },
  {
    name: 'a deletion of what is not there writes nothing',
    async run({ open }) {
      await using store = await open();
      const { revision } = await committed(store, put(keyOf('a'), '1'));
      expect(await store.commit([remove(keyOf('b'))])).toEqual({ status: 'committed', revision, entries: [] });
      expect(await store.commit([remove(keyOf('b'), revision)])).toMatchObject({ status: 'conflict' });
    },
  },
  {
    name: 'check relies on an incarnation',
    async run({ open }) {
      await using store = await open();
      const namespace = keyOf('default', 'root', '', 'namespaces');
      const { revision } = await committed(store, put(namespace, 'one'));
      const updated = await committed(store, put(namespace, 'two'));
      const check: Operation = { op: 'check', key: namespace, createRevision: revision };
      await committed(store, check, put(keyOf('a'), '1'));
      await committed(store, remove(namespace, updated.revision));
      expect(await store.commit([check, put(keyOf('b'), '1')])).toMatchObject({ status: 'conflict', index: 0 });
      await committed(store, { op: 'check', key: namespace, createRevision: 'absent' }, put(keyOf('b'), '1'));
      await committed(store, put(namespace, 'again'));
      expect(await store.commit([check, put(keyOf('c'), '1')])).toMatchObject({ status: 'conflict', index: 0 });
    },
  },
  {
    name: 'preconditions are decided in the order of calls, against what is pending',
    async run({ open }) {
      await using store = await open();
      const results = await Promise.all([
        store.commit([put(keyOf('a'), 'first', 'absent')]),
        store.commit([put(keyOf('a'), 'second', 'absent')]),
        store.commit([remove(keyOf('a'))]),
        store.commit([put(keyOf('a'), 'third', 'absent')]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['committed', 'conflict', 'committed', 'committed']);
      expect(textOf(store.get(keyOf('a')))).toBe('third');
    },
  },
  {
    name: 'no reader sees a write before it is durable, and peek does',
    async run({ open }) {
      await using store = await open();
      const before = store.currentRevision();
      const promise = store.commit([put(keyOf('a'), '1')]);
      expect(store.get(keyOf('a'))).toBeUndefined();
      expect(store.scan(configmaps, 10)).toEqual([]);
      expect(store.currentRevision()).toBe(before);
      expect(textOf(store.peek(keyOf('a')))).toBe('1');
      await promise;
      expect(textOf(store.get(keyOf('a')))).toBe('1');
    },
  },
  {
    name: 'subscribers are told in revision order, of what readers see, before the commit is acknowledged',
    async run({ open }) {
      await using store = await open();
      const seen: string[] = [];
      using _ = store.subscribe((events) => {
        expect(textOf(store.get(keyOf('a')))).toBe('1');
        expect(store.currentRevision()).toBe(events.at(-1)?.revision);
        seen.push(...shownEvents(events));
      });
      const acknowledge = () => void seen.push('acknowledged');
      await Promise.all([
        store.commit([put(keyOf('a'), '1')]).then(acknowledge),
        store.commit([put(keyOf('b'), '1')]).then(acknowledge),
      ]);
      expect(seen).toEqual(['+a=1', '+b=1', 'acknowledged', 'acknowledged']);
    },
  },
  {
    name: 'a value at the bound is stored, and one above it is refused',
    async run({ open }) {
      await using store = await open();
      const of = (bytes: number): Operation => ({
        op: 'put',
        key: keyOf('a'),
        expect: 'any',
        value: () => Buffer.alloc(bytes, 7),
      });
      const tooLarge = { name: 'StatusError', reason: 'RequestEntityTooLarge' };
      await expect(store.commit([of(valueBytesMax + 1)])).rejects.toMatchObject(tooLarge);
      await expect(store.commit([put(keyOf('b'), '1'), of(valueBytesMax + 1)])).rejects.toMatchObject(tooLarge);
      expect(store.peek(keyOf('b'))).toBeUndefined();
      await committed(store, of(valueBytesMax));
      expect(store.get(keyOf('a'))?.value).toHaveLength(valueBytesMax);
      await committed(store, put(keyOf('a'), ''));
      expect(store.get(keyOf('a'))?.value).toHaveLength(0);
    },
  },
  {
    name: 'a commit of several objects has a bound as well, and one that is over it fails nobody else’s',
    async run({ open }) {
      await using store = await open();
      const third = Math.floor(commitBytesMax / 3);
      const of = (name: string, bytes: number) => put(keyOf(name), 'x'.repeat(bytes));
      const beside = committed(store, put(keyOf('beside'), '1'));
      const over = store.commit([of('a', third), of('b', third), of('c', third)]);
      const within = committed(store, of('d', third), of('e', third), of('f', third - 1_000));
      await expect(over).rejects.toMatchObject({ name: 'StatusError', reason: 'RequestEntityTooLarge' });
      expect((await beside).status).toBe('committed');
      expect((await within).entries).toHaveLength(3);
      expect(store.peek(keyOf('a'))).toBeUndefined();
    },
  },
];
