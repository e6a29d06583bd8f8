import { createSystemTurns } from '@kcp-ts/base';
import { createControllerRuntime } from '@kcp-ts/controller-runtime';
import type { Entry, Store } from '@kcp-ts/storage';
import { createDecision, createMemoryStore, encodeStored, parseStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createWatchHub } from '@kcp-ts/watch';
import { expect, it } from 'vitest';
import { createRewriteStale } from './rewrite-stale.ts';

const keyOf = (name: string) => `core/events/-/c1/default/${name}`;
const bytesOf = (name: string) => encodeStored('00', 0, JSON.stringify({ kind: 'Event', metadata: { name } }));

/** A store of which values that were written before a change are stale. */
function withStale(store: Store): Store & { change(): void } {
  let changedAt = 0;
  const marked = (entry: Entry): Entry => (entry.revision <= changedAt ? { ...entry, stale: true } : entry);
  return {
    ...store,
    async list(range, options) {
      const page = await store.list(range, options);
      return { ...page, entries: page.entries.map(marked) };
    },
    change() {
      changedAt = store.currentRevision();
    },
  };
}

it('writes again, as it is, what is stale, at the start and after each change, and keeps when it expires', async () => {
  const clock = createManualClock();
  await using memory = createMemoryStore({ clock });
  const store = withStale(memory);
  const put = (name: string, expiresAt?: number) =>
    ({ op: 'put', key: keyOf(name), expect: 'any', value: () => bytesOf(name), expiresAt }) as const;
  await store.commit([put('former'), put('expiring', clock.now() + 60_000)]);
  store.change();
  await store.commit([put('fresh')]);
  const revisions = () => ['former', 'expiring', 'fresh'].map((name) => memory.get(keyOf(name))?.revision ?? 0);
  const before = revisions();
  const listeners = new Set<() => void>();
  const rewritten: number[] = [];
  using hub = createWatchHub(memory);
  await using runtime = createControllerRuntime(
    [
      createRewriteStale({
        store,
        shardNumber: 1,
        decide: () => createDecision(memory),
        encryption: {
          isConfigured: true,
          onChange(changed) {
            listeners.add(changed);
            return { [Symbol.dispose]: () => void listeners.delete(changed) };
          },
        },
        onRewritten: (count) => void rewritten.push(count),
      }),
    ],
    {
      store,
      hub,
      clock,
      turns: createSystemTurns(clock),
      decide: () => createDecision(memory),
      concurrency: 1,
      onError(_name, _key, error) {
        throw error;
      },
    },
  );
  await runtime.start();
  await runtime.idle();
  const after = revisions();
  expect(after.map((revision, index) => revision > (before[index] ?? 0))).toEqual([true, true, false]);
  expect(rewritten).toEqual([2]);
  const former = memory.get(keyOf('former'));
  expect(former && parseStored(former.value)).toEqual({
    kind: 'Event',
    metadata: { name: 'former', resourceVersion: expect.any(String) as unknown },
  });
  store.change();
  for (const changed of listeners) changed();
  await runtime.idle();
  expect(rewritten).toEqual([2, 3]);
  clock.advance(61_000);
  while (memory.get(keyOf('expiring')) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  expect(memory.get(keyOf('former'))).toBeDefined();
});
