import { asRevision } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';
import { committed, configmaps, keyOf, put, shown, textOf } from '../contract/store-case.ts';
import { createMemoryBackend } from '../memory/memory-store.ts';
import { revisionAt } from '../revision-clock.ts';
import type { Flush } from './backend.ts';
import { assembleStore } from './create-store.ts';

/** A store whose flushes wait until they are let go, or fail. */
function createHeldStore() {
  const backend = createMemoryBackend();
  const writeNow = backend.write.bind(backend);
  const flushes: { readonly flush: Flush; readonly succeed: () => void; readonly fail: () => void }[] = [];
  const write = (flush: Flush) =>
    new Promise<void>((resolve, reject) => {
      flushes.push({
        flush,
        succeed: () => resolve(writeNow(flush)),
        fail: () => reject(new Error('no space left on device')),
      });
    });
  const clock = createManualClock();
  backend.write = write;
  return { store: assembleStore(backend, { clock }), flushes, clock };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('group commit', () => {
  it('sends what arrives during a flush together in the next one', async () => {
    const { store, flushes } = createHeldStore();
    const commits = [store.commit([put(keyOf('a'), '1')])];
    await turn();
    for (let number = 0; number < 40; number++) commits.push(store.commit([put(keyOf(`b${number}`), '1')]));
    await turn();
    expect(flushes.map(({ flush }) => flush.writes.length)).toEqual([1]);
    flushes[0]?.succeed();
    await turn();
    expect(flushes.map(({ flush }) => flush.writes.length)).toEqual([1, 40]);
    flushes[1]?.succeed();
    await Promise.all(commits);
    expect(store.statistics()).toMatchObject({ commits: 41, flushes: 2 });
  });

  it('refuses what conflicts with a pending write when that is durable, and fails it with that', async () => {
    const { store, flushes } = createHeldStore();
    for (const outcome of ['succeed', 'fail'] as const) {
      const first = store.commit([put(keyOf(outcome), 'one', 'absent')]);
      await turn();
      const reported: string[] = [];
      const second = store
        .commit([put(keyOf(outcome), 'two', 'absent')])
        .then(({ status }) => reported.push(status))
        .catch(({ reason }) => reported.push(reason));
      await turn();
      expect([reported, store.get(keyOf(outcome))]).toEqual([[], undefined]);
      flushes.at(-1)?.[outcome]();
      await first.catch(() => undefined);
      await turn();
      if (outcome === 'succeed') flushes.at(-1)?.succeed();
      await second;
      expect(reported).toEqual([outcome === 'succeed' ? 'conflict' : 'ServiceUnavailable']);
    }
  });

  it('fails all that waits when a flush fails, and goes on from what is durable', async () => {
    const { store, flushes } = createHeldStore();
    const reported: number[] = [];
    using _ = store.subscribe((events) => void reported.push(events.length));
    const first = store.commit([put(keyOf('a'), 'kept')]);
    await turn();
    flushes[0]?.succeed();
    await first;
    const second = store.commit([put(keyOf('a'), 'lost')]);
    await turn();
    const third = store.commit([put(keyOf('b'), 'lost'), put(keyOf('a'), 'lost too')]);
    const promised = store.progress();
    flushes[1]?.fail();
    for (const each of [second, third, promised])
      await expect(each).rejects.toMatchObject({ name: 'StatusError', reason: 'ServiceUnavailable' });
    expect(textOf(store.peek(keyOf('a')))).toBe('kept');
    expect(shown((await store.list(configmaps)).entries)).toEqual(['a=kept']);
    const fourth = committed(store, put(keyOf('b'), 'new', 'absent'));
    await turn();
    flushes[2]?.succeed();
    expect((await fourth).revision).toBe(store.currentRevision());
    expect(reported).toEqual([1, 1]);
  });

  it('promises nothing that is not reserved, and waits for what is on its way', async () => {
    const { store, flushes, clock } = createHeldStore();
    let promised = 0;
    void store.progress().then((revision) => (promised = revision));
    await turn();
    expect(promised).toBe(0);
    flushes[0]?.succeed();
    await turn();
    expect(promised).toBeGreaterThan(0);
    expect(flushes[0]?.flush.reserved).toBe(promised + 500_000);
    clock.advance(500);
    const pending = store.commit([put(keyOf('a'), '1')]);
    clock.advance(300);
    let later = 0;
    void store.progress().then((revision) => (later = revision));
    await turn();
    expect(later).toBe(0);
    flushes[1]?.succeed();
    await pending;
    await turn();
    expect(later).toBe(promised + 800_000);
    expect(await store.progress()).toBe(later);
  });

  it('promises at once what lies before all pending commits, if that is enough', async () => {
    const { store, flushes, clock } = createHeldStore();
    void store.progress();
    await turn();
    flushes[0]?.succeed();
    await turn();
    clock.advance(100);
    const received = revisionAt(clock.now());
    clock.advance(100);
    const pending = committed(store, put(keyOf('a'), '1'));
    const later = committed(store, put(keyOf('b'), '1'));
    await turn();
    const promised = await store.progress(received);
    expect(promised).toBeGreaterThanOrEqual(received);
    let all = 0;
    void store.progress(asRevision(promised + 1)).then((revision) => (all = revision));
    await turn();
    expect(all).toBe(0);
    flushes[1]?.succeed();
    expect((await pending).revision).toBe(promised + 1);
    await turn();
    flushes[2]?.succeed();
    await later;
    await turn();
    expect(all).toBe(store.currentRevision());
  });

  it('promises nothing more by a step that only forgets', async () => {
    const { store, flushes, clock } = createHeldStore();
    const written = committed(store, put(keyOf('a'), '1'));
    await turn();
    flushes[0]?.succeed();
    const { revision } = await written;
    clock.advance(5_000);
    let forgotten = false;
    void store.compact(revision).then(() => (forgotten = true));
    for (let next = 1; !forgotten; await turn()) if (flushes[next] !== undefined) flushes[next++]?.succeed();
    expect(flushes.slice(1).some(({ flush }) => flush.trim === revision)).toBe(true);
    expect(new Set(flushes.map(({ flush }) => flush.reserved)).size).toBe(1);
  });
});
