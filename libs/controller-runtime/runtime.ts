/**
 * Runs controllers off the store's own changes: a queue of keys per controller, each key at most once in it and never worked on twice at a time, a
 * bounded number of keys at once, and retries that wait longer each time. An idle key costs nothing.
 */
import type { Clock, Turns } from '@kcp-ts/base';
import type { Decision } from '@kcp-ts/storage';
import type { Change, WatchHub } from '@kcp-ts/watch';
import type { Controller } from './controller.ts';

export interface ControllerRuntimeDependencies {
  /** Where changes come from. */
  readonly hub: Pick<WatchHub, 'onChanges'>;
  readonly clock: Clock;
  /** Between keys requests get their turns: many keys that need no waiting would be one long piece of work. */
  readonly turns: Turns;
  /** What a reconciler reads and writes through. */
  decide(): Decision;
  /** How many keys of one controller are worked on at once. */
  readonly concurrency: number;
  onError(controller: string, key: string, error: unknown): void;
}

export interface ControllerRuntime extends AsyncDisposable {
  /** Begins to listen and looks at everything that a controller names in `resume`. Resolves when all of it is queued. */
  start(): Promise<void>;
  /** Has controllers look at keys that no change announced. */
  wake(controllers: readonly string[], keys: readonly string[]): void;
  /** Nothing is queued and nothing is worked on; for tests. */
  idle(): Promise<void>;
  sizes(): Readonly<Record<string, number>>;
}

const retryMsMin = 20;
const retryMsMax = 30_000;

interface Queue {
  readonly controller: Controller;
  readonly waiting: Set<string>;
  readonly working: Set<string>;
  /** Woken while they were worked on: looked at again. */
  readonly again: Set<string>;
  readonly failures: Map<string, number>;
  readonly timers: Map<string, Disposable>;
}

// check-allow function-length -- its functions share the queues and timers
export function createControllerRuntime(
  controllers: readonly Controller[],
  deps: ControllerRuntimeDependencies,
): ControllerRuntime {
  const queues: readonly Queue[] = controllers.map((controller) => ({
    controller,
    waiting: new Set(),
    working: new Set(),
    again: new Set(),
    failures: new Map(),
    timers: new Map(),
  }));
  const idlers = new Set<() => void>();
  const slices = deps.turns.begin();
  let subscription: Disposable | undefined;
  let closed = false;

  function add(queue: Queue, key: string): void {
    if (closed) return;
    queue.timers.get(key)?.[Symbol.dispose]();
    queue.timers.delete(key);
    if (queue.working.has(key)) {
      queue.again.add(key);
      return;
    }
    queue.waiting.add(key);
    if (queue.working.size < deps.concurrency) queueMicrotask(() => pump(queue));
  }

  function pump(queue: Queue): void {
    for (const key of queue.waiting) {
      if (closed || queue.working.size >= deps.concurrency) return;
      queue.waiting.delete(key);
      queue.working.add(key);
      void work(queue, key);
    }
    if (isIdle()) {
      for (const resolve of idlers) resolve();
      idlers.clear();
    }
  }

  async function work(queue: Queue, key: string): Promise<void> {
    let again: number | undefined;
    try {
      if (slices.due) await slices.pause();
      again = await queue.controller.reconcile(key, deps.decide());
      queue.failures.delete(key);
    } catch (error) {
      const failures = (queue.failures.get(key) ?? 0) + 1;
      queue.failures.set(key, failures);
      again = Math.min(retryMsMax, retryMsMin * 2 ** failures);
      deps.onError(queue.controller.name, key, error);
    }
    queue.working.delete(key);
    if (queue.again.delete(key)) add(queue, key);
    else if (again !== undefined && !closed) later(queue, key, again);
    pump(queue);
  }

  function later(queue: Queue, key: string, ms: number): void {
    queue.timers.get(key)?.[Symbol.dispose]();
    const timer = deps.clock.setTimer(ms, () => {
      queue.timers.delete(key);
      add(queue, key);
    });
    queue.timers.set(key, timer);
  }

  /** A change that one controller cannot read must reach the others. */
  function wake(queue: Queue, change: Change): void {
    try {
      for (const key of queue.controller.wake(change)) add(queue, key);
    } catch (error) {
      deps.onError(queue.controller.name, change.event.key, error);
    }
  }

  function isIdle(): boolean {
    return queues.every((queue) => queue.waiting.size === 0 && queue.working.size === 0);
  }

  function untilIdle(): Promise<void> {
    return isIdle() ? Promise.resolve() : new Promise((resolve) => void idlers.add(resolve));
  }

  return {
    async start() {
      subscription = deps.hub.onChanges((changes) => {
        for (const change of changes) for (const queue of queues) wake(queue, change);
      });
      for (const queue of queues) for await (const key of queue.controller.resume()) add(queue, key);
    },
    wake(names, keys) {
      for (const queue of queues) if (names.includes(queue.controller.name)) for (const key of keys) add(queue, key);
    },
    idle: untilIdle,
    sizes: () =>
      Object.fromEntries(
        queues.map(({ controller, waiting, working, timers }) => [
          controller.name,
          waiting.size + working.size + timers.size,
        ]),
      ),
    async [Symbol.asyncDispose]() {
      closed = true;
      subscription?.[Symbol.dispose]();
      for (const queue of queues) {
        for (const timer of queue.timers.values()) timer[Symbol.dispose]();
        queue.timers.clear();
        queue.waiting.clear();
      }
      await untilIdle();
    },
  };
}
