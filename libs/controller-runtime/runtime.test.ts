import type { Clock } from '@kcp-ts/base';
import { createSystemClock, createTurns } from '@kcp-ts/base';
import type { Entry } from '@kcp-ts/storage';
import { createDecision, createMemoryStore } from '@kcp-ts/storage';
import { createWatchHub } from '@kcp-ts/watch';
import { expect, it } from 'vitest';
import type { Controller } from './controller.ts';
import { nothing } from './outcome.ts';
import { createControllerRuntime } from './runtime.ts';

const value = () => new Uint8Array(9);
const key = (name: string) => `core/configmaps/-/root/default/${name}`;

/** Timers run when the test says so. */
function manualClock(): Clock & { fire(): void } {
  let timers: (() => void)[] = [];
  return {
    ...createSystemClock(),
    setTimer(_ms, run) {
      timers.push(run);
      return {
        [Symbol.dispose]() {
          timers = timers.filter((timer) => timer !== run);
        },
      };
    },
    fire() {
      for (const run of timers.splice(0)) run();
    },
  };
}

async function run(
  controller: Controller,
  clock: Clock,
  test: (store: ReturnType<typeof createMemoryStore>, errors: unknown[], idle: () => Promise<void>) => Promise<void>,
) {
  await using store = createMemoryStore();
  using hub = createWatchHub(store);
  const errors: unknown[] = [];
  await using runtime = createControllerRuntime([controller], {
    store,
    hub,
    clock,
    turns: createTurns({ clock, nextTurn: setImmediate }),
    decide: () => createDecision(store),
    concurrency: 4,
    onError: (_name, _key, error) => errors.push(error),
  });
  await runtime.start();
  await test(store, errors, runtime.idle);
}

it('a change has its key reconciled', async () => {
  const seen: string[] = [];
  const controller: Controller = {
    name: 'c',
    watches: [{ prefix: '', keys: ({ event }) => [event.key] }],
    initialKeys: () => ['resumed'],
    reconcile(key) {
      seen.push(key);
      return nothing;
    },
  };
  await run(controller, createSystemClock(), async (store, _errors, idle) => {
    await store.commit([{ op: 'put', key: key('a'), expect: 'absent', value }]);
    await idle();
    expect(seen).toEqual(['resumed', key('a')]);
  });
});

it('what an initial list cannot say of one entry is reported, and the others are reconciled', async () => {
  await using store = createMemoryStore();
  using hub = createWatchHub(store);
  await store.commit([
    { op: 'put', key: key('a'), expect: 'absent', value },
    { op: 'put', key: key('b'), expect: 'absent', value },
  ]);
  const seen: string[] = [];
  const errors: string[] = [];
  const watching = (name: string, initial: (entry: Entry) => readonly string[]): Controller => ({
    name,
    watches: [{ prefix: '', initial }],
    reconcile(each) {
      seen.push(`${name} ${each}`);
      return nothing;
    },
  });
  const unreadable = (entry: Entry) => {
    if (entry.key === key('a')) throw new Error('unreadable');
    return [entry.key];
  };
  const clock = createSystemClock();
  await using runtime = createControllerRuntime(
    [watching('first', unreadable), watching('second', (entry) => [entry.key])],
    {
      store,
      hub,
      clock,
      turns: createTurns({ clock, nextTurn: setImmediate }),
      decide: () => createDecision(store),
      concurrency: 4,
      onError: (name, each) => errors.push(`${name} ${each}`),
    },
  );
  await runtime.start();
  await runtime.idle();
  expect(seen.sort()).toEqual([`first ${key('b')}`, `second ${key('a')}`, `second ${key('b')}`]);
  expect(errors).toEqual([`first ${key('a')}`]);
});

it('a key that is added while it is reconciled is reconciled again, never twice at a time', async () => {
  let working = 0;
  let turns = 0;
  let release: () => void = () => undefined;
  const controller: Controller = {
    name: 'c',
    watches: [{ prefix: '', keys: ({ event }) => [event.key] }],
    async reconcile() {
      expect(++working).toBe(1);
      if (++turns === 1)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      working--;
      return nothing;
    },
  };
  await run(controller, createSystemClock(), async (store, _errors, idle) => {
    await store.commit([{ op: 'put', key: key('a'), expect: 'any', value }]);
    await Promise.resolve();
    await store.commit([{ op: 'put', key: key('a'), expect: 'any', value }]);
    await store.commit([{ op: 'put', key: key('a'), expect: 'any', value }]);
    release();
    await idle();
    expect(turns).toBe(2);
  });
});

it('a failure is reported and tried again', async () => {
  let turns = 0;
  const clock = manualClock();
  const controller: Controller = {
    name: 'c',
    watches: [],
    initialKeys: () => ['k'],
    async reconcile() {
      if (++turns === 1) throw new Error('not yet');
      return nothing;
    },
  };
  await run(controller, clock, async (_store, errors, idle) => {
    await idle();
    expect(errors).toHaveLength(1);
    clock.fire();
    await idle();
    expect(turns).toBe(2);
  });
});

it('many keys that need no waiting are worked on in slices, with turns for others between them', async () => {
  let now = 0;
  let turn = 0;
  const inTurn: number[] = [];
  const clock: Clock = { ...createSystemClock(), monotonic: () => now };
  const controller: Controller = {
    name: 'c',
    watches: [],
    initialKeys: () => Array.from({ length: 12 }, (_, i) => `key-${i}`),
    async reconcile() {
      now += 4;
      inTurn[turn] = (inTurn[turn] ?? 0) + 1;
      return nothing;
    },
  };
  await using store = createMemoryStore();
  using hub = createWatchHub(store);
  const turns = createTurns({
    clock,
    nextTurn: (run) =>
      void setImmediate(() => {
        turn++;
        run();
      }),
  });
  await using runtime = createControllerRuntime([controller], {
    store,
    hub,
    clock,
    turns,
    concurrency: 4,
    decide: () => createDecision(store),
    onError: () => undefined,
  });
  await runtime.start();
  await runtime.idle();
  expect(inTurn.reduce((all, some) => all + some, 0)).toBe(12);
  expect(Math.max(...inTurn.filter((some) => some > 0))).toBeLessThanOrEqual(5);
});

it('ends when what is worked on is done, whatever the clock does', async () => {
  const clock = manualClock();
  let release: () => void = () => undefined;
  let done = false;
  const controller: Controller = {
    name: 'c',
    watches: [],
    initialKeys: () => ['k'],
    async reconcile() {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      done = true;
      return nothing;
    },
  };
  await using store = createMemoryStore();
  using hub = createWatchHub(store);
  const runtime = createControllerRuntime([controller], {
    store,
    hub,
    clock,
    turns: createTurns({ clock, nextTurn: setImmediate }),
    concurrency: 1,
    decide: () => createDecision(store),
    onError: () => undefined,
  });
  await runtime.start();
  await new Promise((resolve) => setImmediate(resolve));
  const ended = runtime[Symbol.asyncDispose]();
  release();
  await ended;
  expect(done).toBe(true);
});
