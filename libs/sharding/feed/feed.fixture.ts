/**
 * Shards, a bus that loses what a test says, and a feed consumer: all in one process, with a clock
 * that stands still.
 */

import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Revision } from '@kcp-ts/api';
import type { Bus, BusHandlers } from '@kcp-ts/bus';
import { createInProcessBus } from '@kcp-ts/bus';
import { FeedMessageSchema, FeedService } from '@kcp-ts/proto';
import type { RpcCall, RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { Store, StoreEvent } from '@kcp-ts/storage';
import { createMemoryStore } from '@kcp-ts/storage';
import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createEntryView } from './entry-view.ts';
import type { Project } from './feed.ts';
import { createFeedConsumer } from './feed-consumer.ts';
import type { FeedConsumer, FollowedShard } from './feed-consumer-interface.ts';
import type { FeedPublisher } from './feed-publisher.ts';
import { createFeedPublisher } from './feed-publisher.ts';
import { feedHandlers } from './feed-service.ts';

type FeedMessage = ReturnType<typeof decodeFeedMessage>;
const methods = FeedService.method;
export type FeedCalls = RpcClient<typeof FeedService>['call'];

function decodeFeedMessage(bytes: Uint8Array) {
  return fromBinary(FeedMessageSchema, bytes);
}

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

/**
 * Turns of the event loop until something is true; a test that waits in vain fails with what it
 * waited for.
 */
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
  /** As it is. */
  raw(subject: string, bytes: Uint8Array): Promise<void>;
}

export function createLossyBus(): LossyBus {
  const bus = createInProcessBus();
  const feedConsumers = new Set<BusHandlers>();
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
      feedConsumers.add(handlers);
      return bus.subscribe(pattern, handlers);
    },
    release(arrange = (all) => all) {
      lossy.mode = 'pass';
      for (const [subject, bytes] of arrange(held)) void bus.publish(subject, bytes);
      held = [];
    },
    gap() {
      for (const { gap } of feedConsumers) gap();
    },
    raw: (subject, bytes) => bus.publish(subject, bytes),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
  return lossy;
}

export interface TestShard {
  record: FollowedShard;
  store: Store;
  publisher: FeedPublisher;
  readonly calls: { -readonly [Name in keyof FeedCalls]: FeedCalls[Name] };
  /** How often it was asked for what. */
  readonly asked: { snapshot: number; fetch: number };
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
  readonly troubles: string[];
  readonly feedConsumer: FeedConsumer;
  addShard(name: string): TestShard;
  removeShard(name: string): void;
  /** The addresses of copies. */
  readonly copies: Map<string, FeedCalls>;
  /** The membership says something new. */
  membershipChanged(): void;
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
  const copies = new Map<string, FeedCalls>();
  const troubles: string[] = [];
  const events: StoreEvent[] = [];
  const view = createEntryView({ keep: () => true });
  view.onEvents((some) => void events.push(...some));
  let number = 0;
  let tell = (): void => undefined;
  const addShard = (name: string) => {
    number += 1;
    const shard = createTestShard({ name, number, rpcAddress: `${name}:1`, alive: true }, bus, clock);
    shards.push(shard);
    tell();
    return shard;
  };
  for (const name of names) await before(addShard(name));
  const feedConsumer = await createFeedConsumer({
    bus,
    clock,
    feedHandler: view,
    connect(address) {
      const call = shards.find(({ record }) => record.rpcAddress === address)?.calls ?? copies.get(address);
      if (call === undefined) throw new Error(`nobody is at ${address}`);
      return { call, [Symbol.dispose]: () => undefined };
    },
    replicas: () => [...copies.keys()],
    onTrouble: (shard, error) => void troubles.push(`${shard}: ${error}`),
  });
  tell = () => feedConsumer.setShards(shards.map(({ record }) => record));
  tell();
  return {
    clock,
    bus,
    shards,
    view,
    events,
    feedConsumer,
    copies,
    addShard,
    removeShard(name) {
      shards.splice(
        shards.findIndex(({ record }) => record.name === name),
        1,
      );
      tell();
    },
    membershipChanged: () => tell(),
    troubles,
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
      await feedConsumer[Symbol.asyncDispose]();
      for (const { publisher, store } of shards) {
        publisher[Symbol.dispose]();
        await store[Symbol.asyncDispose]();
      }
    },
  };
}

function createTestShard(record: FollowedShard, bus: Bus, clock: ManualClock): TestShard {
  let life = 0;
  const asked = { snapshot: 0, fetch: 0 };
  const call: RpcCall = { signal: new AbortController().signal, peer: { commonName: '', organizations: [], uris: [] } };
  const begin = (store: Store) => {
    life += 1;
    const epoch = `${record.name}-${life}`;
    const publisher = createFeedPublisher({ store, bus, shard: record, epoch, project, clock });
    const service = feedHandlers({
      store,
      shard: record.name,
      epoch,
      project,
      prefixes,
      lastRevision: publisher.lastRevision,
      requestProgress: () => store.progress(),
      admit: () => undefined,
    });
    return { publisher, service };
  };
  const check = () => {
    if (!shard.up) throw new RpcError('unavailable', 'the shard is down');
  };
  async function* watched<D extends DescMessage>(
    stream: AsyncIterable<MessageInitShape<D>>,
    schema: D,
  ): AsyncIterable<MessageShape<D>> {
    check();
    for await (const piece of stream) {
      await shard.between?.();
      check();
      // As it comes off the wire.
      yield fromBinary(schema, toBinary(schema, create(schema, piece)));
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
    calls: {
      snapshot(request) {
        asked.snapshot++;
        return watched(service.snapshot(create(methods.snapshot.input, request), call), methods.snapshot.output);
      },
      fetch(request) {
        asked.fetch++;
        return watched(service.fetch(create(methods.fetch.input, request), call), methods.fetch.output);
      },
      progress() {
        throw new RpcError('unimplemented', 'no feed consumer asks for it');
      },
    },
    async restart(next) {
      publisher[Symbol.dispose]();
      if (next !== undefined) await shard.store[Symbol.asyncDispose]();
      shard.store = next ?? shard.store;
      ({ publisher, service } = begin(shard.store));
      shard.publisher = publisher;
    },
  };
  return shard;
}
