import type { Revision } from '@kcp-ts/api';
import { expect } from 'vitest';
import type { Range, Store, StoreEvent } from '../store.ts';
import type { StoreCase } from './store-case.ts';
import { committed, configmaps, historyOf, keyOf, put, remove, shownEvents } from './store-case.ts';

/** Watches until an event of a key is seen. */
async function watchUntil(store: Store, range: Range, after: Revision, key: string): Promise<readonly StoreEvent[]> {
  const abort = new AbortController();
  const found: StoreEvent[] = [];
  for await (const events of store.watch(range, after, abort.signal)) {
    found.push(...events);
    if (events.some((event) => event.key === key)) abort.abort();
  }
  return found;
}

export const watchCases: readonly StoreCase[] = [
  {
    name: 'history tells what happened in a range, with what was there before',
    async run({ open }) {
      await using store = await open();
      const start = store.currentRevision();
      const first = await committed(store, put(keyOf('a'), '1'), put(keyOf('s', 'root', 'default', 'secrets'), 'x'));
      await committed(store, put(keyOf('a'), '2'), put(keyOf('a', 'team'), '1'));
      const last = await committed(store, remove(keyOf('a')));
      const events = await historyOf(store, configmaps, start);
      expect(shownEvents(events)).toEqual(['+a=1', '~a=2', '+a=1', '-a=2']);
      expect(events[1]?.previous).toMatchObject({ revision: first.entries[0]?.revision });
      expect(events.at(-1)).toMatchObject({ revision: last.revision, createRevision: events[0]?.revision });
      expect(Buffer.from(events.at(-1)?.previous?.value ?? []).toString()).toBe('2');
      const one = await historyOf(store, { prefix: 'core/configmaps/-/root/default/' }, first.revision);
      expect(shownEvents(one)).toEqual(['~a=2', '-a=2']);
      expect(await historyOf(store, { cluster: 'root' }, start)).toHaveLength(4);
      expect(await historyOf(store, { cluster: 'team', namespace: 'default' }, start)).toHaveLength(1);
      expect(await historyOf(store, { prefix: '' }, start, first.revision)).toHaveLength(2);
    },
  },
  {
    name: 'watch goes on from a revision, nothing lost or doubled under concurrent writes',
    async run({ open }) {
      await using store = await open();
      const keys = Array.from({ length: 200 }, (_, number) => keyOf(`o${number}`, number % 2 === 0 ? 'root' : 'team'));
      const range: Range = { prefix: 'core/configmaps/-/root/' };
      const told: StoreEvent[] = [];
      using _ = store.subscribe((events) => void told.push(...events));
      const watching: Promise<readonly StoreEvent[]>[] = [];
      const starts: Revision[] = [];
      for (const [index, key] of keys.entries()) {
        const writes = [put(key, String(index)), put(keys[(index * 7) % 200] ?? key, 'again')];
        const pending = Promise.all(writes.map((operation) => committed(store, operation)));
        if (index % 20 === 0) {
          starts.push(store.currentRevision());
          watching.push(watchUntil(store, range, store.currentRevision(), keyOf('end')));
        }
        if (index % 3 === 0) await pending;
      }
      await committed(store, put(keyOf('end'), 'end'));
      for (const [index, events] of (await Promise.all(watching)).entries()) {
        const after = starts[index] ?? 0;
        const expected = told.filter((event) => event.revision > after && event.key.includes('/root/'));
        expect(events.map(({ revision }) => revision)).toEqual(expected.map(({ revision }) => revision));
      }
    },
  },
  {
    name: 'watch ends when its signal aborts, also while it waits, and when it has aborted before',
    async run({ open }) {
      await using store = await open();
      const abort = new AbortController();
      const watching = store.watch(configmaps, store.currentRevision(), abort.signal)[Symbol.asyncIterator]();
      const next = watching.next();
      await committed(store, put(keyOf('s', 'root', 'default', 'secrets'), '1'));
      abort.abort();
      expect(await next).toMatchObject({ done: true });
      const late = store.watch(configmaps, store.currentRevision(), AbortSignal.abort())[Symbol.asyncIterator]();
      expect(await late.next()).toMatchObject({ done: true });
    },
  },
  {
    name: 'a slow watcher loses nothing, and costs nobody anything',
    async run({ open }) {
      await using store = await open();
      const abort = new AbortController();
      const watching = store.watch(configmaps, store.currentRevision(), abort.signal)[Symbol.asyncIterator]();
      await committed(store, put(keyOf('first'), '1'));
      expect(shownEvents((await watching.next()).value ?? [])).toEqual(['+first=1']);
      for (let number = 0; number < 1_200; number++) void committed(store, put(keyOf(`o${number}`), '1'));
      await committed(store, put(keyOf('last'), '1'));
      const found: string[] = [];
      while (found.at(-1) !== '+last=1') found.push(...shownEvents((await watching.next()).value ?? []));
      expect(found).toHaveLength(1_201);
      abort.abort();
      await watching.return?.(undefined);
    },
  },
];
