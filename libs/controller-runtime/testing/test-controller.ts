/**
 * Runs one controller over a store in memory and a clock that stands still. A test gives the
 * objects that are there, changes some, lets time go by, and looks at what the controller made of
 * it. Every method that changes something resolves when nothing is left to reconcile, and rejects
 * with what a reconcile threw meanwhile: no error goes unnoticed. A controller that never comes to
 * rest, because it reconciles what it has committed itself and commits again, fails instead of
 * hanging the test.
 */
import type { ObjectMeta } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import { createTurns } from '@kcp-ts/base';
import type { Decision, Store } from '@kcp-ts/storage';
import {
  createDecision,
  createMemoryStore,
  encodeStored,
  flagDeleting,
  flagFinalizers,
  parseStored,
} from '@kcp-ts/storage';
import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import type { WatchHub } from '@kcp-ts/watch';
import { createWatchHub } from '@kcp-ts/watch';
import type { Controller } from '../controller.ts';
import { createControllerRuntime } from '../runtime.ts';

/** An object as it is stored, of any kind. */
export interface TestObject {
  readonly metadata?: object;
}

/** What a controller is made of. */
export interface TestEnvironment {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly clock: ManualClock;
  readonly turns: Turns;
  decide(): Decision;
}

export interface TestedController extends AsyncDisposable {
  readonly clock: ManualClock;
  /** Creates an object, or replaces it. */
  put(key: string, object: TestObject): Promise<void>;
  delete(key: string): Promise<void>;
  /** Lets time go by: what waits for it, and what was requeued, is reconciled. */
  advance(ms: number): Promise<void>;
  /**
   * For what a source announces: does something, and resolves when nothing is left to reconcile.
   */
  after(action: () => void): Promise<void>;
  /** The object under a key, or undefined. */
  get<T>(key: string): T | undefined;
  /** The keys that begin with a prefix. */
  keys(prefix: string): readonly string[];
  /** The keys that were reconciled since the last call, in order. */
  reconciled(): readonly string[];
  /** Why keys wait for time to pass. */
  delayed(): Readonly<Record<string, string>>;
}

const keysMax = 10_000;
/** Reconciles of one key after one change of a test. */
const reconcilesMax = 100;
/** Of no schema: what reads the object normalises it. */
const noFingerprint = '0000000000000000';
const startMs = Date.UTC(2026, 5, 1);

function storedValue(object: TestObject): Uint8Array {
  const { finalizers = [], deletionTimestamp } = (object.metadata ?? {}) as Partial<ObjectMeta>;
  const flags = (finalizers.length > 0 ? flagFinalizers : 0) | (deletionTimestamp === undefined ? 0 : flagDeleting);
  return encodeStored(noFingerprint, flags, JSON.stringify(object));
}

/**
 * Starts a controller over objects, given by their keys; resolves when it has reconciled its
 * initial lists.
 */
export async function testController(
  create: (environment: TestEnvironment) => Controller | Promise<Controller>,
  objects: Readonly<Record<string, TestObject>> = {},
): Promise<TestedController> {
  const clock = createManualClock(startMs);
  const store = createMemoryStore({ clock });
  const hub = createWatchHub(store);
  const turns = createTurns({ clock, nextTurn: setImmediate });
  const decide = () => createDecision(store);
  const write = (key: string, object: TestObject) =>
    store.commit([{ op: 'put', key, expect: 'any', value: () => storedValue(object) }]);
  for (const [key, object] of Object.entries(objects)) await write(key, object);

  const controller = await create({ store, hub, clock, turns, decide });
  const errors: unknown[] = [];
  let reconciled: string[] = [];
  const counts = new Map<string, number>();
  const recorded: Controller = {
    ...controller,
    reconcile(key, decision) {
      reconciled.push(key);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > reconcilesMax) throw new Error(`${controller.name} reconciles ${key} again and again`);
      return controller.reconcile(key, decision);
    },
  };
  const runtime = createControllerRuntime([recorded], {
    store,
    hub,
    clock,
    turns,
    decide,
    concurrency: 4,
    onError: (_name, _key, error) => void errors.push(error),
  });

  async function settled(): Promise<void> {
    await runtime.idle();
    counts.clear();
    const [first] = errors.splice(0);
    if (first !== undefined) throw first;
  }
  await runtime.start();
  await settled();
  return {
    clock,
    async put(key, object) {
      await write(key, object);
      await settled();
    },
    async delete(key) {
      await store.commit([{ op: 'delete', key, expect: 'any' }]);
      await settled();
    },
    advance(ms) {
      clock.advance(ms);
      return settled();
    },
    after(action) {
      action();
      return settled();
    },
    get<T>(key: string) {
      const entry = store.get(key);
      return entry === undefined ? undefined : parseStored<T>(entry.value);
    },
    keys: (prefix) => store.scan({ prefix }, keysMax).map(({ key }) => key),
    reconciled() {
      const keys = reconciled;
      reconciled = [];
      return keys;
    },
    delayed: () => Object.fromEntries(runtime.delayed().map(({ key, why }) => [key, why])),
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      hub[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
