import type { Revision } from '@kcp-ts/api';
import { expect } from 'vitest';
import { createDecision } from '../decision.ts';
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
    name: 'a commit relies on the state of a key that it does not write',
    async run({ open }) {
      await using store = await open();
      const { revision } = await committed(store, put(keyOf('a'), 'one'));
      const same = (key: string, at: Revision | 'absent'): Operation => ({ op: 'same', key, revision: at });
      await committed(store, put(keyOf('b'), 'x'), same(keyOf('a'), revision), same(keyOf('c'), 'absent'));
      const pending = store.commit([put(keyOf('a'), 'two')]);
      const refused = await store.commit([put(keyOf('b'), 'y'), same(keyOf('a'), revision)]);
      expect(refused).toMatchObject({ status: 'conflict', index: 1, key: keyOf('a') });
      await pending;
      expect(await store.commit([same(keyOf('b'), 'absent')])).toMatchObject({ status: 'conflict', key: keyOf('b') });
      expect(textOf(store.get(keyOf('b')))).toBe('x');
    },
  },
  {
    name: 'a commit relies on a set in which nothing was written meanwhile, what is pending included',
    async run({ open }) {
      await using store = await open();
      const prefix = 'core/configmaps/-/root/';
      await committed(store, put(keyOf('a'), 'one'));
      for (const set of [{ prefix }, { cluster: 'root' }]) {
        const before = store.unchanged(set);
        await committed(store, put('core/configmaps/-/elsewhere/default/a', 'one'));
        await committed(store, put('core/secrets/-/elsewhere/default/b', 'x'), before);
        const pending = store.commit([put(keyOf('b'), 'one')]);
        // Asked for now, by who has not seen what is on its way.
        const now = store.unchanged(set);
        const [first, second] = await Promise.all([store.commit([before]), store.commit([now])]);
        expect([first, second]).toMatchObject([
          { status: 'conflict', key: keyOf('b') },
          { status: 'conflict', key: keyOf('b') },
        ]);
        await pending;
        await committed(store, put(keyOf('c'), 'mine'), store.unchanged(set));
        const deleted = store.unchanged(set);
        await committed(store, remove(keyOf('c')));
        expect(await store.commit([deleted])).toMatchObject({ status: 'conflict', key: keyOf('c') });
      }
      expect(() => store.unchanged({ prefix: 'core/configmaps/-/' })).toThrow(RangeError);
    },
  },
  {
    name: 'of many decisions made at once on the same set, one is committed after the other',
    async run({ open }) {
      await using store = await open();
      const prefix = 'core/configmaps/-/root/';
      // Each takes the next free number.
      const takeOne = async (): Promise<void> => {
        for (;;) {
          const decision = createDecision(store);
          const next = decision.scan({ prefix }, 1_000).length;
          if (await decision.commit([put(keyOf(`n${next}`), 'taken', 'any')])) return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, takeOne));
      expect(store.scan({ prefix }, 1_000)).toHaveLength(20);
    },
  },
  {
    name: 'a decision goes on relying on what it read, and not against what it has written itself',
    async run({ open }) {
      await using store = await open();
      const prefix = 'core/configmaps/-/root/';
      await committed(store, put(keyOf('a'), 'one'));
      const decision = createDecision(store);
      expect(shown(decision.scan({ prefix }, 10))).toEqual(['a=one']);
      decision.get(keyOf('a'));
      expect(await decision.commit([put(keyOf('a'), 'two')])).toBe(true);
      expect(await decision.commit([put(keyOf('b'), 'two'), remove(keyOf('a'))])).toBe(true);
      expect(await decision.holds()).toBe(true);
      await committed(store, put(keyOf('c'), 'another'));
      expect(await decision.holds()).toBe(false);
      expect(await decision.commit([put('core/secrets/-/root/default/b', 'x')])).toBe(false);
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
      expect(store.head(keyOf('a'))).toBeUndefined();
      expect(store.peekHead(keyOf('a'))).toMatchObject({ revision: store.peek(keyOf('a'))?.revision });
      await promise;
      expect(textOf(store.get(keyOf('a')))).toBe('1');
      await store.commit([put(keyOf('a'), '2')]);
      const { revision, createRevision } = store.get(keyOf('a')) ?? {};
      expect(store.head(keyOf('a'))).toMatchObject({ revision, createRevision });
      expect(createRevision).toBeLessThan(revision ?? 0);
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
