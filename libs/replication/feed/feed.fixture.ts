/** Shards, a bus that loses what it is told to lose, and a follower: all in one process, with a clock that stands still. */
import type { Bus, BusHandlers } from '@kcp-ts/bus';
import { createInProcessBus } from '@kcp-ts/bus';
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Store, StoreEvent } from '@kcp-ts/storage';
import { createMemoryStore } from '@kcp-ts/storage';
import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createEntryView } from './entry-view.ts';
import type { FeedMessage, FeedSource, Project } from './feed.ts';
import type { FeedFollower, FollowedShard } from './feed-follower.ts';
import { createFeedFollower } from './feed-follower.ts';
import type { FeedPublisher } from './feed-publisher.ts';
import { createFeedPublisher } from './feed-publisher.ts';
import { createFeedService } from './feed-service.ts';
import { decodeFeedMessage } from './wire.ts';

export const exportsPrefix = 'apis.kcp.io/apiexports/-/';
export const prefixes: readonly string[] = ['apis.kcp.io/apiexports/', 'core.kcp.io/logicalclusters/'];

/** Lets out what is under the prefixes, and nothing else. */
export const project: Project = ({ type, key, value }) => {
  if (!prefixes.some((prefix) => key.startsWith(prefix))) return { kind: 'none' };
  return type === 'delete' ? { kind: 'delete' } : { kind: 'put', value };
};

export function exportKey(name: string, cluster = 'c1'): string {
  return `${exportsPrefix}${cluster}//${name}`;
}

export async function put(store: Store, key: string, value: string | Uint8Array): Promise<Revision> {
  const result = await store.commit([{ op: 'put', key, expect: 'any', value: () => Buffer.from(value) }]);
  if (result.status !== 'committed') throw new Error(`cannot put ${key}`);
  return result.revision;
}

export async function remove(store: Store, key: string): Promise<void> {
  await store.commit([{ op: 'delete', key, expect: 'any' }]);
}

/** Turns of the event loop until something is true; a test that waits in vain fails with what it waited for. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000; turn++) {
    if (condition()) return;
    await turns(1);
  }
  throw new Error(`never came true: ${condition}`);
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface LossyBus extends Bus {
  /** What to do with the next messages: `drop` them, or `hold` them until `release`. */
  mode: 'pass' | 'drop' | 'hold';
  readonly published: FeedMessage[];
  /** Delivers what was held, in the order that `arrange` makes of it. */
  release(arrange?: (held: [string, Uint8Array][]) => [string, Uint8Array][]): void;
  gap(): void;
}

export function createLossyBus(): LossyBus {
  const bus = createInProcessBus();
  const followers = new Set<BusHandlers>();
  let held: [string, Uint8Array][] = [];
  const lossy: LossyBus = {
    mode: 'pass',
    published: [],
    messageBytesMax: 20_000,
    state: () => bus.state(),
    publish(subject, bytes) {
      lossy.published.push(decodeFeedMessage(bytes));
      if (lossy.mode === 'pass') return bus.publish(subject, bytes);
      if (lossy.mode === 'hold') held.push([subject, bytes]);
      return Promise.resolve();
    },
    subscribe(pattern, handlers) {
      followers.add(handlers);
      return bus.subscribe(pattern, handlers);
    },
    release(arrange = (all) => all) {
      lossy.mode = 'pass';
      for (const [subject, bytes] of arrange(held)) void bus.publish(subject, bytes);
      held = [];
    },
    gap() {
      for (const { gap } of followers) gap();
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
  return lossy;
}

export interface TestShard {
  readonly record: FollowedShard;
  store: Store;
  publisher: FeedPublisher;
  source: FeedSource;
  /** How often it was asked for what. */
  readonly asked: { snapshot: number; fetch: number; progress: number };
  /** Whether it answers. */
  up: boolean;
  /** Runs between the pieces of its next answers. */
  between: (() => Promise<void>) | undefined;
  /** The process ends and another begins with the same store, or with a new one. */
  restart(store?: Store): Promise<void>;
}

export interface Installation extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly bus: LossyBus;
  readonly shards: TestShard[];
  readonly view: ReturnType<typeof createEntryView>;
  readonly events: StoreEvent[];
  readonly follower: FeedFollower;
  addShard(name: string): TestShard;
  removeShard(name: string): void;
  /** The addresses of copies. */
  readonly copies: Map<string, FeedSource>;
  /** The register says something new. */
  registerChanged(): void;
  /** A second goes by: every shard says how far it has come. */
  second(): Promise<void>;
  values(): Record<string, string>;
}

export async function createInstallation(
  names: readonly string[] = ['alpha'],
  before: (shard: TestShard) => Promise<void> = () => Promise.resolve(),
): Promise<Installation> {
  const clock = createManualClock();
  const bus = createLossyBus();
  const shards: TestShard[] = [];
  const copies = new Map<string, FeedSource>();
  const listeners = new Set<() => void>();
  const events: StoreEvent[] = [];
  const view = createEntryView({ keep: () => true });
  view.subscribe((some) => void events.push(...some));
  let number = 0;
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const addShard = (name: string) => {
    number += 1;
    const shard = createTestShard({ name, number, rpcAddress: `${name}:1`, alive: true }, bus, clock);
    shards.push(shard);
    tell();
    return shard;
  };
  for (const name of names) await before(addShard(name));
  const follower = await createFeedFollower({
    bus,
    clock,
    sink: view,
    shards: {
      current: () => shards.map(({ record }) => record),
      follow(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    },
    connect(address) {
      const source = shards.find(({ record }) => record.rpcAddress === address)?.source ?? copies.get(address);
      if (source === undefined) throw new Error(`nobody is at ${address}`);
      return { ...source, [Symbol.dispose]: () => undefined };
    },
    fallback: () => [...copies.keys()],
  });
  return {
    clock,
    bus,
    shards,
    view,
    events,
    follower,
    copies,
    addShard,
    removeShard(name) {
      shards.splice(
        shards.findIndex(({ record }) => record.name === name),
        1,
      );
      tell();
    },
    registerChanged: tell,
    async second() {
      await turns(3);
      clock.advance(1_000);
      await turns(10);
    },
    values: () =>
      Object.fromEntries(
        view.scan({ prefix: '' }, 10_000).map(({ key, value }) => [key, Buffer.from(value).toString()]),
      ),
    async [Symbol.asyncDispose]() {
      await follower[Symbol.asyncDispose]();
      for (const { publisher, store } of shards) {
        await publisher[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      }
    },
  };
}

function createTestShard(record: FollowedShard, bus: Bus, clock: ManualClock): TestShard {
  let life = 0;
  const asked = { snapshot: 0, fetch: 0, progress: 0 };
  const begin = (store: Store) => {
    life += 1;
    const publisher = createFeedPublisher({
      store,
      bus,
      shard: record,
      epoch: `${record.name}-${life}`,
      project,
      clock,
    });
    return { publisher, service: createFeedService({ store, publisher, project, prefixes }) };
  };
  const check = () => {
    if (!shard.up) throw new StatusError('ServiceUnavailable', 'the shard is down');
  };
  async function* watched<T>(stream: AsyncIterable<T>): AsyncIterable<T> {
    check();
    for await (const piece of stream) {
      await shard.between?.();
      check();
      yield piece;
    }
  }
  const store = createMemoryStore({ clock });
  let { publisher, service } = begin(store);
  const shard: TestShard = {
    record,
    store,
    publisher,
    asked,
    up: true,
    between: undefined,
    source: {
      snapshot(request, signal) {
        asked.snapshot++;
        return watched(service.snapshot(request, signal));
      },
      fetch(request, signal) {
        asked.fetch++;
        return watched(service.fetch(request, signal));
      },
      async progress(request, signal) {
        asked.progress++;
        check();
        return await service.progress(request, signal);
      },
    },
    async restart(next) {
      await publisher[Symbol.asyncDispose]();
      if (next !== undefined) await shard.store[Symbol.asyncDispose]();
      shard.store = next ?? shard.store;
      ({ publisher, service } = begin(shard.store));
      shard.publisher = publisher;
    },
  };
  return shard;
}
