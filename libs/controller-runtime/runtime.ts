/**
 * Runs controllers off the store's own changes: it pages through the initial lists, keeps a queue
 * of keys per controller, reconciles a bounded number of them at once, commits what reconcilers
 * return, and requeues on conflicts and failures. An idle key costs nothing.
 */
import type { Clock, Turns } from '@kcp-ts/base';
import { unreachable } from '@kcp-ts/base';
import type { Series } from '@kcp-ts/observability';
import type { Decision, Entry, Store } from '@kcp-ts/storage';
import { eachBatch, parseKey } from '@kcp-ts/storage';
import type { WatchHub } from '@kcp-ts/watch';
import type { Controller, Watch } from './controller.ts';
import { createDispatch, prefixOf } from './dispatch.ts';
import type { Outcome } from './outcome.ts';
import type { WorkQueue } from './work-queue.ts';
import { createWorkQueue } from './work-queue.ts';
import { workQueueSeries } from './work-queue-metrics.ts';

export interface ControllerRuntimeDependencies {
  /** Where initial lists come from. */
  readonly store: Pick<Store, 'list'>;
  /** Where changes come from. */
  readonly hub: Pick<WatchHub, 'onChanges'>;
  readonly clock: Clock;
  /**
   * Between keys requests get their turns: many keys that need no waiting would be one long piece
   * of work.
   */
  readonly turns: Turns;
  /** What a reconciler reads through, and what it wants is committed through. */
  decide(): Decision;
  /** How many keys of one controller are reconciled at once. */
  readonly concurrency: number;
  onError(controller: string, key: string, error: unknown): void;
}

/** A key that is reconciled again after a while, and why. */
export interface DelayedKey {
  readonly controller: string;
  readonly key: string;
  readonly why: string;
}

/** Disposed when no initial list is read and no key is reconciled any more. */
export interface ControllerRuntime extends AsyncDisposable {
  /**
   * Starts the watches and sources, then goes through the initial lists. Resolves when all of their
   * keys are queued.
   */
  start(): Promise<void>;
  /** Resolves when no key waits and none is reconciled; delayed ones do not count. For tests. */
  idle(): Promise<void>;
  /** The keys that wait for time to pass. */
  delayed(): readonly DelayedKey[];
  /** The work queues' metrics. */
  readonly series: readonly Series[];
}

const backOffMsMin = 20;
const backOffMsMax = 30_000;
/** After the others whose turn it is: the event of the first write has arrived by then. */
const conflictRequeueMs = 1;

interface Running {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  /** How often each key has failed in a row. */
  readonly failures: Map<string, number>;
}

type Delay = Parameters<WorkQueue['addAfter']>[1];

const afterConflict: Delay = { ms: conflictRequeueMs, why: 'conflict' };

/**
 * Does what a reconciler wants; answers with when to reconcile again, where that is not left to the
 * watches.
 */
async function carryOut(first: Outcome, decision: Decision): Promise<Delay | undefined> {
  for (let outcome = first; ; ) {
    switch (outcome.do) {
      case 'nothing':
        return undefined;
      case 'wait':
        return outcome;
      case 'conflict':
        return afterConflict;
      case 'commit':
        if (!(await decision.commit(outcome.operations))) return afterConflict;
        if (outcome.next === undefined) return undefined;
        outcome = await outcome.next();
        break;
      default:
        return unreachable(outcome);
    }
  }
}

/**
 * The keys of a watch's initial list, batch by batch. `fail` is called for an entry of which the
 * controller cannot say any: the others are reconciled all the same.
 */
async function* initialKeysOf(
  store: Pick<Store, 'list'>,
  watch: Watch,
  fail: (key: string, error: unknown) => void,
): AsyncIterable<readonly string[]> {
  const { initial } = watch;
  if (initial === undefined) return;
  let last: string | undefined;
  const keysOfEntry = (entry: Entry): readonly string[] => {
    if (typeof initial === 'function') return initial(entry);
    const { cluster } = parseKey(entry.key);
    if (cluster === last) return [];
    last = cluster;
    return initial.perCluster(cluster);
  };
  const keysOf = (entry: Entry): readonly string[] => {
    try {
      return keysOfEntry(entry);
    } catch (error) {
      fail(entry.key, error);
      return [];
    }
  };
  for await (const entries of eachBatch(store, { prefix: prefixOf(watch) })) yield entries.flatMap(keysOf);
}

// check-allow function-length -- its functions share the queues and timers
export function createControllerRuntime(
  controllers: readonly Controller[],
  deps: ControllerRuntimeDependencies,
): ControllerRuntime {
  const all: readonly Running[] = controllers.map((controller) => ({
    controller,
    queue: createWorkQueue(deps.clock),
    failures: new Map(),
  }));
  const idlers = new Set<() => void>();
  const slices = deps.turns.begin();
  const subscriptions: Disposable[] = [];
  let closed = false;

  function add(running: Running, key: string): void {
    if (closed) return;
    running.queue.add(key);
    if (running.queue.working() < deps.concurrency) queueMicrotask(() => pump(running));
  }

  function pump(running: Running): void {
    const { queue } = running;
    while (!closed && queue.working() < deps.concurrency) {
      const key = queue.take();
      if (key === undefined) break;
      void work(running, key);
    }
    if (isIdle()) {
      for (const resolve of idlers) resolve();
      idlers.clear();
    }
  }

  async function work(running: Running, key: string): Promise<void> {
    const { controller, queue, failures } = running;
    let delay: Delay | undefined;
    try {
      if (slices.due) await slices.pause();
      const decision = deps.decide();
      delay = await carryOut(await controller.reconcile(key, decision), decision);
      failures.delete(key);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      delay = { ms: Math.min(backOffMsMax, backOffMsMin * 2 ** count), why: 'failed' };
      deps.onError(controller.name, key, error);
    }
    const again = queue.done(key);
    if (!again && delay !== undefined && !closed) queue.addAfter(key, delay, () => pump(running));
    pump(running);
  }

  function isIdle(): boolean {
    return all.every(({ queue }) => queue.working() === 0 && queue.waiting() === 0);
  }

  function untilIdle(): Promise<void> {
    return isIdle() ? Promise.resolve() : new Promise((resolve) => void idlers.add(resolve));
  }

  function subscribe(): void {
    const dispatch = createDispatch(
      all.map((running) => [
        running.controller,
        {
          add: (key) => add(running, key),
          fail: (key, error) => deps.onError(running.controller.name, key, error),
        },
      ]),
    );
    const following = deps.hub.onChanges((changes) => {
      for (const change of changes) dispatch(change);
    });
    subscriptions.push(following);
    for (const running of all) {
      const enqueue = (keys: readonly string[]) => {
        for (const key of keys) add(running, key);
      };
      for (const source of running.controller.sources ?? []) subscriptions.push(source.subscribe(enqueue));
    }
  }

  async function listInitially(running: Running): Promise<void> {
    const { watches, initialKeys } = running.controller;
    for (const key of initialKeys?.() ?? []) add(running, key);
    const fail = (key: string, error: unknown) => deps.onError(running.controller.name, key, error);
    for (const watch of watches) {
      try {
        for await (const keys of initialKeysOf(deps.store, watch, fail)) {
          if (closed) return;
          for (const key of keys) add(running, key);
        }
      } catch (error) {
        // A value that cannot be read, for one: the other watches and controllers start all the
        // same.
        fail('', error);
      }
    }
  }

  async function begin(): Promise<void> {
    subscribe();
    for (const running of all) await listInitially(running);
  }

  let started: Promise<void> | undefined;

  return {
    start() {
      started = begin();
      return started;
    },
    idle: untilIdle,
    delayed: () =>
      all.flatMap(({ controller, queue }) =>
        [...queue.delayed()].map(([key, why]) => ({ controller: controller.name, key, why })),
      ),
    series: workQueueSeries(new Map(all.map(({ controller, queue }) => [controller.name, queue.metrics.values]))),
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      for (const { queue } of all) queue[Symbol.dispose]();
      // The store may be closed next: nothing may still read initial lists from it.
      await started?.catch(() => undefined);
      await untilIdle();
    },
  };
}
