import { revisionZero } from '@kcp-ts/api';
import { expect } from 'vitest';
import type { StoreCase } from './store-case.ts';
import {
  committed,
  configmaps,
  historyOf,
  keyOf,
  put,
  remove,
  settled,
  shown,
  shownEvents,
  textOf,
} from './store-case.ts';

const expired = { name: 'StatusError', reason: 'Expired', code: 410 };

export const historyCases: readonly StoreCase[] = [
  {
    name: 'compaction raises the floor: readers and watchers below it get Expired, at it they do not',
    async run({ open }) {
      await using store = await open();
      const first = await committed(store, put(keyOf('a'), '1'), put(keyOf('b'), '1'));
      const second = await committed(store, put(keyOf('a'), '2'));
      const third = await committed(store, remove(keyOf('b')));
      const reading = store.watch(configmaps, first.revision, new AbortController().signal)[Symbol.asyncIterator]();
      await store.compact(second.revision);
      expect(store.floor()).toBe(second.revision);
      await expect(store.list(configmaps, { at: first.revision })).rejects.toMatchObject(expired);
      await expect(store.count(configmaps, { at: first.revision })).rejects.toMatchObject(expired);
      await expect(historyOf(store, configmaps, first.revision)).rejects.toMatchObject(expired);
      await expect(reading.next()).rejects.toMatchObject(expired);
      expect(shown((await store.list(configmaps, { at: second.revision })).entries)).toEqual(['a=2', 'b=1']);
      expect(shownEvents(await historyOf(store, configmaps, second.revision))).toEqual(['-b=1']);
      await store.compact((third.revision + 1_000_000) as typeof third.revision);
      expect(store.floor()).toBe(third.revision);
      expect(await historyOf(store, { prefix: '' }, third.revision)).toEqual([]);
    },
  },
  {
    name: 'compaction of much goes in steps, and writes go on between them',
    async run({ open }) {
      await using store = await open();
      for (let number = 0; number < 999; number++) void committed(store, put(keyOf(`o${number}`), '1'));
      const { revision } = await committed(store, put(keyOf('end'), '1'));
      const compacting = store.compact(revision);
      const during = await committed(store, put(keyOf('during'), '1'));
      await compacting;
      expect(store.statistics().flushes).toBeGreaterThan(5);
      expect(shownEvents(await historyOf(store, configmaps, revision))).toEqual(['+during=1']);
      expect(store.currentRevision()).toBe(during.revision);
    },
  },
  {
    name: 'history is bounded by age, and the floor never passes the last change',
    async run({ open, clock }) {
      await using store = await open({ historyMaxAgeMs: 60_000 });
      const first = await committed(store, put(keyOf('a'), '1'));
      clock.advance(50_000);
      const second = await committed(store, put(keyOf('a'), '2'));
      clock.advance(20_000);
      await settled(() => store.floor() >= first.revision);
      expect(store.floor()).toBe(first.revision);
      expect(await historyOf(store, configmaps, first.revision)).toHaveLength(1);
      for (let minute = 0; minute < 10; minute++) {
        clock.advance(60_000);
        await settled(() => store.floor() >= second.revision || minute === 0);
      }
      expect(store.floor()).toBe(second.revision);
      expect(await historyOf(store, configmaps, second.revision)).toEqual([]);
    },
  },
  {
    name: 'history is bounded by bytes',
    async run({ open, clock }) {
      await using store = await open({ historyMaxBytes: 50_000 });
      const start = store.currentRevision();
      for (let number = 0; number < 99; number++) void committed(store, put(keyOf('a'), 'x'.repeat(1_000)));
      await committed(store, put(keyOf('a'), 'x'.repeat(1_000)));
      clock.advance(1_000);
      await settled(() => store.floor() > start);
      await store.compact(store.floor());
      const kept = await historyOf(store, configmaps, store.floor());
      expect(kept.length).toBeGreaterThan(10);
      expect(kept.length).toBeLessThanOrEqual(25);
    },
  },
  {
    name: 'what has expired is deleted by an ordinary commit, unless it was renewed',
    async run({ open, clock }) {
      await using store = await open();
      const due = clock.now() + 5_000;
      const start = store.currentRevision();
      await committed(store, put(keyOf('short'), '1', 'any', due), put(keyOf('long'), '1', 'any', due + 60_000));
      await committed(store, put(keyOf('renewed'), '1', 'any', due), put(keyOf('kept'), '1', 'any', due));
      await committed(store, put(keyOf('rewritten'), '1', 'any', due), put(keyOf('lasting'), '1'));
      await committed(store, put(keyOf('renewed'), '2', 'any', due + 60_000), put(keyOf('kept'), '2'));
      // A rewrite for another reason does not change when the object expires.
      await committed(store, put(keyOf('rewritten'), '2', 'any', 'kept'), put(keyOf('lasting'), '2', 'any', 'kept'));
      clock.advance(4_000);
      expect(textOf(store.get(keyOf('short')))).toBe('1');
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(2_000);
      const isGone = (name: string) => store.get(keyOf(name)) === undefined;
      await settled(() => isGone('short') && isGone('rewritten'));
      expect(shown((await store.list(configmaps)).entries)).toEqual(['kept=2', 'lasting=2', 'long=1', 'renewed=2']);
      expect(
        shownEvents(await historyOf(store, configmaps, start))
          .slice(-2)
          .sort(),
      ).toEqual(['-rewritten=2', '-short=1']);
    },
  },
  {
    name: 'a read of what never was is empty',
    async run({ open }) {
      await using store = await open();
      expect(store.currentRevision()).toBe(revisionZero);
      expect(await store.list(configmaps)).toEqual({ entries: [], revision: revisionZero, more: false });
      expect(await store.count(configmaps)).toBe(0);
      expect(await historyOf(store, configmaps, revisionZero)).toEqual([]);
    },
  },
];
