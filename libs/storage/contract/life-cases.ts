import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import { expect } from 'vitest';
import { revisionAt } from '../revision-clock.ts';
import type { StoreCase } from './store-case.ts';
import { committed, configmaps, historyOf, keyOf, put, remove, settled, shown, shownEvents } from './store-case.ts';

export const lifeCases: readonly StoreCase[] = [
  {
    name: 'revisions are microseconds of the wall clock, and go on when it steps back',
    async run({ open, clock }) {
      await using store = await open();
      const first = await committed(store, put(keyOf('a'), '1'));
      expect(first.revision).toBe(revisionAt(clock.now()));
      clock.step(-3_600_000);
      const second = await committed(store, put(keyOf('a'), '2'));
      expect(second.revision).toBe(first.revision + 1);
      clock.step(7_200_000);
      const third = await committed(store, put(keyOf('a'), '3'));
      expect(third.revision).toBe(revisionAt(clock.now()));
    },
  },
  {
    name: 'nothing is committed at or below what was promised',
    async run({ open, clock }) {
      await using store = await open();
      const { revision } = await committed(store, put(keyOf('a'), '1'));
      clock.advance(5_000);
      const pending = committed(store, put(keyOf('b'), '1'));
      const promised = await store.progress();
      expect(promised).toBeGreaterThan(revision);
      // What was on its way when the promise was asked for is known when it is given.
      expect(store.currentRevision()).toBeLessThanOrEqual(promised);
      expect(store.get(keyOf('b'))?.revision).toBe((await pending).revision);
      clock.step(-60_000);
      expect((await committed(store, put(keyOf('a'), '2'))).revision).toBeGreaterThan(promised);
    },
  },
  {
    name: 'what is committed or promised after a revision was received is above it, unless that is far beyond the clock',
    async run({ open, clock }) {
      await using store = await open();
      const received = (revisionAt(clock.now()) + 900_000) as Revision;
      expect(store.observe(received)).toBe(true);
      expect((await committed(store, put(keyOf('a'), '1'))).revision).toBeGreaterThan(received);
      expect(await store.progress()).toBeGreaterThan(received);
      const far = (revisionAt(clock.now()) + 1_100_000) as Revision;
      expect(store.observe(far)).toBe(false);
      expect((await committed(store, put(keyOf('b'), '1'))).revision).toBeLessThan(far);
    },
  },
  {
    name: 'what lies between all that was promised before a restart and the restart is nobody’s revision of this store',
    durable: true,
    async run({ open, clock }) {
      const first = await open();
      const { revision } = await committed(first, put(keyOf('a'), '1'));
      const promised = await first.progress();
      await first[Symbol.asyncDispose]();
      clock.advance(60_000);
      const later = revisionAt(clock.now() - 30_000) as Revision;
      await using second = await open();
      clock.advance(60_000);
      const newest = (await committed(second, put(keyOf('a'), '2'))).revision;
      const asked = [revisionZero, revision, promised, later, newest, await second.progress()];
      expect(asked.map((each) => second.isOfLostIncarnation(each))).toEqual([false, false, false, true, false, false]);
    },
  },
  {
    name: 'everything is there after a restart',
    durable: true,
    async run({ open, clock }) {
      const first = await open();
      const start = first.currentRevision();
      const one = await committed(first, put(keyOf('a'), '1'), put(keyOf('b'), '1', 'any', clock.now() + 30_000));
      const two = await committed(first, put(keyOf('a'), '2'), put(keyOf('c'), '1'));
      await committed(first, remove(keyOf('c')));
      const last = first.currentRevision();
      await first.compact(one.revision);
      await first[Symbol.asyncDispose]();
      await using second = await open();
      expect(second.currentRevision()).toBe(last);
      expect(second.floor()).toBe(one.revision);
      expect(shown((await second.list(configmaps)).entries)).toEqual(['a=2', 'b=1']);
      expect(shown((await second.list({ cluster: 'root' }, { at: two.revision })).entries)).toEqual([
        'a=2',
        'b=1',
        'c=1',
      ]);
      expect(shownEvents(await historyOf(second, configmaps, one.revision))).toEqual(['~a=2', '+c=1', '-c=1']);
      await expect(historyOf(second, configmaps, start)).rejects.toMatchObject({ reason: 'Expired' });
      expect((await committed(second, put(keyOf('d'), '1'))).revision).toBeGreaterThan(last);
      clock.advance(31_000);
      await settled(() => second.get(keyOf('b')) === undefined);
    },
  },
  {
    name: 'a clean close gives the reservation back, and a promise outlives it',
    durable: true,
    async run({ open, clock }) {
      const first = await open();
      await committed(first, put(keyOf('a'), '1'));
      clock.advance(10);
      const promised = await first.progress();
      await first[Symbol.asyncDispose]();
      await using second = await open();
      expect((await committed(second, put(keyOf('a'), '2'))).revision).toBe(promised + 1);
    },
  },
  {
    name: 'nothing is committed at or below what was promised before a restart with a clock that was set back',
    durable: true,
    async run({ open, clock }) {
      const first = await open();
      const promised = await first.progress();
      await first[Symbol.asyncDispose]();
      clock.step(-3_600_000);
      await using second = await open();
      expect((await committed(second, put(keyOf('a'), '2'))).revision).toBeGreaterThan(promised);
    },
  },
  {
    name: 'a closed store refuses commits, after it has finished those under way',
    async run({ open }) {
      const store = await open();
      const pending = committed(store, put(keyOf('a'), '1'));
      const closing = store[Symbol.asyncDispose]();
      await expect(store.commit([put(keyOf('b'), '1')])).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
      expect((await pending).status).toBe('committed');
      await closing;
    },
  },
  {
    name: 'statistics count what was flushed',
    async run({ open }) {
      await using store = await open();
      await Promise.all([
        committed(store, put(keyOf('a'), '12345'), remove(keyOf('b'))),
        committed(store, put(keyOf('b'), '1')),
      ]);
      await committed(store, remove(keyOf('a')));
      expect(store.statistics()).toMatchObject({ commits: 3, operations: 3, bytes: 6 });
    },
  },
];
