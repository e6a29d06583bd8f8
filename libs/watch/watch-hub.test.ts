import type { Revision, StatusError } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import type { Operation, Range, Store } from '@kcp-ts/storage';
import { createMemoryStore } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import type { Change } from './change.ts';
import { createWatchHub } from './watch-hub.ts';
import type { Watcher } from './watcher.ts';

function keyOf(name: string, cluster = 'root', resource = 'configmaps'): string {
  return `core/${resource}/-/${cluster}/default/${name}`;
}

function put(key: string, text = 'x'): Operation {
  return { op: 'put', key, expect: 'any', value: () => Buffer.from(text) };
}

async function commit(store: Store, ...operations: readonly Operation[]): Promise<Revision> {
  const result = await store.commit(operations);
  if (result.status !== 'committed') throw new Error('conflict');
  return result.revision;
}

interface Recorder extends Watcher {
  readonly names: string[];
  readonly calls: (readonly Change[])[];
  readonly revisions: Revision[];
  ended: boolean;
  error: StatusError | undefined;
}

function createRecorder(): Recorder {
  const recorder: Recorder = {
    names: [],
    calls: [],
    revisions: [],
    ended: false,
    error: undefined,
    changes(changes) {
      recorder.calls.push(changes);
      recorder.names.push(...changes.map(({ parts }) => parts.name));
      recorder.revisions.push(...changes.map(({ event }) => event.revision));
    },
    end(error) {
      recorder.ended = true;
      recorder.error = error;
    },
  };
  return recorder;
}

async function settled(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const all: Range = { prefix: '' };
const nothing = { feedConsumers: 0, ranges: 0, catchingUp: 0 };

describe('the watch hub', () => {
  it('tells each watcher of its range alone, once per flushed batch', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const ranges: readonly Range[] = [
      { prefix: 'core/configmaps/-/root/default/' },
      { prefix: 'core/configmaps/-/root/' },
      { prefix: 'core/configmaps/-/' },
      { cluster: 'root' },
      { cluster: 'team', namespace: 'default' },
      all,
    ];
    const abort = new AbortController();
    const recorders = ranges.map((range) => {
      const recorder = createRecorder();
      hub.follow(range, hub.currentRevision(), recorder, abort.signal);
      return recorder;
    });
    const operations = [put(keyOf('a')), put(keyOf('b', 'team')), put(keyOf('s', 'root', 'secrets')), put(keyOf('c'))];
    await Promise.all(operations.map((operation) => commit(store, operation)));
    expect(recorders.map(({ names }) => names.join(''))).toEqual(['ac', 'ac', 'abc', 'asc', 'b', 'absc']);
    expect(recorders.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 1, 1, 1]);
    abort.abort();
    expect(hub.sizes()).toEqual(nothing);
  });

  it('wraps an event once, so that a frame is made once for all', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const abort = new AbortController();
    const [one, two, wild] = [createRecorder(), createRecorder(), createRecorder()];
    const range: Range = { prefix: 'core/configmaps/-/root/' };
    hub.follow(range, hub.currentRevision(), one, abort.signal);
    hub.follow(range, hub.currentRevision(), two, abort.signal);
    hub.follow(all, hub.currentRevision(), wild, abort.signal);
    await commit(store, put(keyOf('a')));
    expect(one.calls[0]).toBe(two.calls[0]);
    expect(one.calls[0]?.[0]).toBe(wild.calls[0]?.[0]);
    one.calls[0]?.[0]?.frames.set('application/json', 'frame');
    expect(wild.calls[0]?.[0]?.frames.get('application/json')).toBe('frame');
  });

  it('goes from history to live without loss or doubling, under concurrent writes', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const told: { readonly key: string; readonly revision: Revision }[] = [];
    using _ = hub.onChanges((changes) => void told.push(...changes.map(({ event }) => event)));
    const feedConsumers: { readonly after: Revision; readonly cluster: string; readonly recorder: Recorder }[] = [];
    for (let round = 0; round < 120; round++) {
      const writes = [put(keyOf(`a${round}`, round % 3 === 0 ? 'team' : 'root')), put(keyOf('same'))];
      const pending = Promise.all(writes.map((operation) => commit(store, operation)));
      if (round % 4 === 0) {
        const recorder = createRecorder();
        const after = told[Math.max(0, told.length - 30)]?.revision ?? hub.currentRevision();
        const cluster = round % 8 === 0 ? 'root' : 'team';
        hub.follow({ prefix: `core/configmaps/-/${cluster}/` }, after, recorder, new AbortController().signal);
        feedConsumers.push({ after, cluster, recorder });
      }
      if (round % 2 === 0) await pending;
      if (round % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settled(() => hub.sizes().catchingUp === 0);
    await commit(store, put(keyOf('end')), put(keyOf('end', 'team')));
    for (const { after, cluster, recorder } of feedConsumers) {
      const expected = told.filter(({ key, revision }) => revision > after && key.includes(`/${cluster}/`));
      expect(recorder.revisions).toEqual(expected.map(({ revision }) => revision));
    }
  });

  it('shares one scan of history among those who resume together', async () => {
    await using store = createMemoryStore();
    const start = store.currentRevision();
    for (let count = 0; count < 5; count++) await commit(store, put(keyOf(`a${count}`)));
    let scans = 0;
    const counted: Store = {
      ...store,
      history: (...scan) => {
        scans++;
        return store.history(...scan);
      },
    };
    using hub = createWatchHub(counted);
    const recorders = Array.from({ length: 10 }, createRecorder);
    for (const recorder of recorders) hub.follow(all, start, recorder, new AbortController().signal);
    expect(hub.sizes()).toMatchObject({ feedConsumers: 10, catchingUp: 10 });
    await settled(() => hub.sizes().catchingUp === 0);
    expect(scans).toBe(1);
    expect(recorders.every(({ names }) => names.join() === 'a0,a1,a2,a3,a4')).toBe(true);
    expect(recorders[0]?.calls[0]).toBe(recorders[9]?.calls[0]);
  });

  it('ends a watcher from before the floor with Expired, in the words of resource versions', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store, { formatRevision: (revision) => `rv${revision}` });
    const first = await commit(store, put(keyOf('a')));
    const second = await commit(store, put(keyOf('a')));
    await commit(store, put(keyOf('a')));
    await store.compact(second);
    const [late, early] = [createRecorder(), createRecorder()];
    hub.follow(all, first, late, new AbortController().signal);
    hub.follow(all, second, early, new AbortController().signal);
    await settled(() => hub.sizes().catchingUp === 0);
    expect(late.error).toMatchObject({
      reason: 'Expired',
      code: 410,
      message: `too old resource version: rv${first} (rv${second})`,
    });
    expect(early.names).toEqual(['a']);
    expect(hub.sizes()).toMatchObject({ feedConsumers: 1 });
  });

  it('tells a watcher that is ahead only of what is behind its revision', async () => {
    await using store = createMemoryStore({ clock: { ...createSystemClock(), now: () => 0 } });
    using hub = createWatchHub(store);
    await commit(store, put(keyOf('a')));
    const recorder = createRecorder();
    hub.follow(all, (hub.currentRevision() + 2) as Revision, recorder, new AbortController().signal);
    await commit(store, put(keyOf('b')), put(keyOf('c')), put(keyOf('d')));
    expect(recorder.names).toEqual(['d']);
  });

  it('ends a watcher that throws, and nobody else notices', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const [bad, good] = [createRecorder(), createRecorder()];
    bad.changes = () => {
      throw new Error('broken');
    };
    hub.follow(all, hub.currentRevision(), bad, new AbortController().signal);
    hub.follow(all, hub.currentRevision(), good, new AbortController().signal);
    await commit(store, put(keyOf('a')));
    expect(bad.error).toMatchObject({ reason: 'InternalError' });
    expect(good.names).toEqual(['a']);
    expect(hub.sizes()).toMatchObject({ feedConsumers: 1 });
  });

  it('tells caches in the process before watchers, and both before the commit is acknowledged', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const order: string[] = [];
    const recorder: Watcher = { changes: () => void order.push('watcher'), end: () => undefined };
    hub.follow(all, hub.currentRevision(), recorder, new AbortController().signal);
    using _ = hub.onChanges(() => void order.push('cache'));
    await commit(store, put(keyOf('a'))).then(() => order.push('acknowledged'));
    expect(order).toEqual(['cache', 'watcher', 'acknowledged']);
    expect(await hub.progress()).toBeGreaterThanOrEqual(hub.currentRevision());
  });

  it('frees everything of a watcher that aborts, wherever it stands', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const start = store.currentRevision();
    for (let count = 0; count < 1_200; count++) void commit(store, put(keyOf(`a${count}`)));
    await commit(store, put(keyOf('end')));
    const [before, during, live] = [new AbortController(), new AbortController(), new AbortController()];
    const recorder = createRecorder();
    hub.follow(all, start, createRecorder(), AbortSignal.abort());
    hub.follow(all, start, recorder, before.signal);
    hub.follow(all, start, { changes: () => during.abort(), end: () => undefined }, during.signal);
    hub.follow(all, store.currentRevision(), createRecorder(), live.signal);
    before.abort();
    await settled(() => during.signal.aborted);
    live.abort();
    await settled(() => hub.sizes().catchingUp === 0);
    expect(hub.sizes()).toEqual(nothing);
    expect(recorder.names).toEqual([]);
  });

  it('waits with history for a watcher that is not drained, and not with the others', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const start = store.currentRevision();
    for (let count = 0; count < 1_200; count++) void commit(store, put(keyOf(`a${count}`)));
    await commit(store, put(keyOf('end')));
    const [slow, fast] = [createRecorder(), createRecorder()];
    const held: (() => void)[] = [];
    slow.drained = () => new Promise((resolve) => void held.push(resolve));
    hub.follow(all, start, slow, new AbortController().signal);
    hub.follow(all, start, fast, new AbortController().signal);
    await settled(() => fast.names.at(-1) === 'end');
    expect(slow.calls).toHaveLength(1);
    while (slow.names.at(-1) !== 'end') {
      held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(slow.revisions).toEqual(fast.revisions);
  });

  it('ends its watchers when it is disposed, without an error: they go on elsewhere from where they are', async () => {
    await using store = createMemoryStore();
    const recorder = createRecorder();
    {
      using hub = createWatchHub(store);
      hub.follow(all, hub.currentRevision(), recorder, new AbortController().signal);
    }
    expect([recorder.ended, recorder.error]).toEqual([true, undefined]);
  });

  it('ends the watchers that there are over a while, and leaves those that come later', async () => {
    await using store = createMemoryStore();
    using hub = createWatchHub(store);
    const { signal } = new AbortController();
    const follow = () => {
      const recorder = createRecorder();
      hub.follow(all, hub.currentRevision(), recorder, signal);
      return recorder;
    };
    const [first, second] = [follow(), follow()];
    let goOn: (() => void) | undefined;
    const clock = {
      setTimer(_milliseconds: number, run: () => void) {
        goOn = run;
        return { [Symbol.dispose]: () => undefined };
      },
    };
    const over = hub.endWatches(clock, 200);
    const later = follow();
    expect([first.ended, second.ended]).toEqual([true, false]);
    goOn?.();
    await over;
    expect([second.ended, second.error, later.ended]).toEqual([true, undefined, false]);
    expect(hub.sizes()).toMatchObject({ feedConsumers: 1 });
  });
});
