/** What the runtime does with what reconcilers return, and where the keys come from. */
import { createTurns } from '@kcp-ts/base';
import type { Store } from '@kcp-ts/storage';
import { createDecision, createMemoryStore } from '@kcp-ts/storage';
import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createWatchHub } from '@kcp-ts/watch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Controller } from './controller.ts';
import type { Outcome } from './outcome.ts';
import { commit, conflict, nothing, nothingUnlessConflict, wait } from './outcome.ts';
import type { ControllerRuntime } from './runtime.ts';
import { createControllerRuntime } from './runtime.ts';

let clock: ManualClock;
let store: Store;
let errors: string[];
let reconciled: string[];
let stack: AsyncDisposableStack;

const keyOf = (name: string, cluster = 'root') => `core/configmaps/-/${cluster}/default/${name}`;
const value = () => new Uint8Array(9);

beforeEach(() => {
  stack = new AsyncDisposableStack();
  clock = createManualClock();
  store = stack.use(createMemoryStore({ clock }));
  errors = [];
  reconciled = [];
});

afterEach(() => stack.disposeAsync());

async function put(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.commit([{ op: 'put', key, expect: 'any', value }]);
}

/** Records what is reconciled, and wants nothing unless a test says otherwise. */
function controller(parts: Partial<Omit<Controller, 'reconcile'>>, reconcile?: Controller['reconcile']): Controller {
  return {
    name: 'test',
    watches: [],
    ...parts,
    reconcile(key, decision) {
      reconciled.push(key);
      return reconcile?.(key, decision) ?? nothing;
    },
  };
}

async function run(...controllers: readonly Controller[]): Promise<ControllerRuntime> {
  const hub = stack.use(createWatchHub(store));
  const runtime = createControllerRuntime(controllers, {
    store,
    hub,
    clock,
    concurrency: 4,
    turns: createTurns({ clock, nextTurn: setImmediate }),
    decide: () => createDecision(store),
    onError: (name, key, error) => void errors.push(`${name} ${key}: ${(error as Error).message}`),
  });
  stack.use(runtime);
  await runtime.start();
  await runtime.idle();
  return runtime;
}

it('commits what a reconciler wants, and asks what is next when that is durable', async () => {
  const seen: (boolean | undefined)[] = [];
  const isThere = (key: string) => store.get(key) !== undefined;
  const make = (name: string, next?: () => Outcome) =>
    commit([{ op: 'put', key: keyOf(name), expect: 'absent', value }], next);
  await run(
    controller({ initialKeys: () => ['k'] }, () =>
      make('a', () => {
        seen.push(isThere(keyOf('a')), isThere(keyOf('b')));
        return make('b');
      }),
    ),
  );
  expect(seen).toEqual([true, false]);
  expect(isThere(keyOf('b'))).toBe(true);
});

it('commits nothing where what was read has changed, does not ask what is next, and requeues the key', async () => {
  await put(keyOf('read'));
  let asked = 0;
  const runtime = await run(
    controller({ initialKeys: () => ['k'] }, async (_key, decision) => {
      decision.get(keyOf('read'));
      if (reconciled.length === 1) await put(keyOf('read'));
      return commit([{ op: 'put', key: keyOf('made'), expect: 'absent', value }], () => {
        asked++;
        return nothing;
      });
    }),
  );
  expect([store.get(keyOf('made')), asked]).toEqual([undefined, 0]);
  expect(runtime.delayed()).toEqual([{ controller: 'test', key: 'k', why: 'conflict' }]);
  clock.advance(1);
  await runtime.idle();
  expect([reconciled.length, asked]).toEqual([2, 1]);
  expect(store.get(keyOf('made'))).toBeDefined();
  expect(runtime.delayed()).toEqual([]);
});

it('requeues a key whose reconciler met a conflict on its way', async () => {
  const outcomes = [nothingUnlessConflict(false), conflict, nothingUnlessConflict(true)];
  const runtime = await run(controller({ initialKeys: () => ['k'] }, () => outcomes.shift() ?? nothing));
  for (let turn = 0; turn < 5; turn++) {
    clock.advance(1);
    await runtime.idle();
  }
  expect(reconciled).toEqual(['k', 'k', 'k']);
});

it('waits as long as a reconciler says, and says why; a change does not wait', async () => {
  const watches = [{ prefix: 'core/configmaps/-/', keys: () => ['k'] }];
  const runtime = await run(controller({ watches, initialKeys: () => ['k'] }, () => wait(500, 'no shard')));
  expect(runtime.delayed()).toEqual([{ controller: 'test', key: 'k', why: 'no shard' }]);
  clock.advance(499);
  await runtime.idle();
  expect(reconciled).toHaveLength(1);
  clock.advance(1);
  await runtime.idle();
  expect(reconciled).toHaveLength(2);
  await put(keyOf('a'));
  await runtime.idle();
  expect(reconciled).toHaveLength(3);
  clock.advance(499);
  await runtime.idle();
  expect(reconciled).toHaveLength(3);
});

it('pages through initial lists: what a watch names of each entry, or each cluster once', async () => {
  const names = Array.from({ length: 450 }, (_, i) => `n${i}`);
  for (const cluster of ['a', 'b']) await put(...names.map((name) => keyOf(name, cluster)));
  await put('core/secrets/-/a/default/other');
  const prefix = 'core/configmaps/-/';
  const odd = (key: string) => /[13579]$/.test(key);
  await run(controller({ watches: [{ prefix, initial: ({ key }) => (odd(key) ? [key] : []) }] }));
  expect(reconciled.toSorted()).toEqual(
    ['a', 'b'].flatMap((cluster) => names.filter(odd).map((name) => keyOf(name, cluster))).toSorted(),
  );
  reconciled = [];
  await run(controller({ watches: [{ prefix, initial: { perCluster: (cluster) => [`cluster ${cluster}`] } }] }));
  expect(reconciled).toEqual(['cluster a', 'cluster b']);
});

it('offers a change to the watches that have its prefix, and no others', async () => {
  let identity = 'old';
  const watch = (prefix: string | (() => string), key: string) => ({ prefix, keys: () => [key] });
  const runtime = await run(
    controller({
      watches: [
        watch('core/configmaps/-/root/', 'root'),
        watch('core/configmaps/-/other/', 'other'),
        watch('core/secrets/-/', 'secrets'),
        watch(() => `core/configmaps/${identity}/`, 'identity'),
        watch('', 'everything'),
        { prefix: 'core/configmaps/-/' },
      ],
    }),
  );
  await put(keyOf('a'));
  await runtime.idle();
  expect(reconciled).toEqual(['root', 'everything']);
  identity = '-';
  await put(keyOf('a'));
  await runtime.idle();
  expect(reconciled.slice(2)).toEqual(['root', 'identity', 'everything']);
  await expect(run(controller({ watches: [watch('core/', 'group')] }))).rejects.toThrow('Cannot watch "core/"');
});

it('a change that one watch cannot read still reaches the others', async () => {
  const keys = () => {
    throw new Error('unreadable');
  };
  const runtime = await run(
    controller({ name: 'broken', watches: [{ prefix: 'core/configmaps/-/', keys }] }),
    controller({ watches: [{ prefix: 'core/configmaps/-/', keys: () => ['k'] }] }),
  );
  await put(keyOf('a'));
  await runtime.idle();
  expect(errors).toEqual([`broken ${keyOf('a')}: unreadable`]);
  expect(reconciled).toEqual(['k']);
});

it('reconciles what a source announces, until the runtime is closed', async () => {
  const listeners = new Set<(keys: readonly string[]) => void>();
  const source = {
    subscribe(enqueue: (keys: readonly string[]) => void) {
      listeners.add(enqueue);
      return { [Symbol.dispose]: () => void listeners.delete(enqueue) };
    },
  };
  const runtime = await run(controller({ sources: [source] }));
  for (const enqueue of listeners) enqueue(['a', 'b']);
  await runtime.idle();
  expect(reconciled).toEqual(['a', 'b']);
  await runtime[Symbol.asyncDispose]();
  expect(listeners.size).toBe(0);
});
