/** Feeds as they travel: NATS, and gRPC where something is missing. */
import { createSystemClock } from '@kcp-ts/base';
import { connectNats } from '@kcp-ts/bus';
import { FeedService } from '@kcp-ts/proto';
import { createRpcClient, startRpcServer } from '@kcp-ts/rpc';
import { createMemoryStore } from '@kcp-ts/storage';
import { createConditions, missingProgram, startNats } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { createEntryView } from './entry-view.ts';
import { exportKey, prefixes, project, put } from './feed.fixture.ts';
import type { FeedHandler } from './feed.ts';
import { createFeedConsumer } from './feed-consumer.ts';
import { createFeedPublisher } from './feed-publisher.ts';
import { feedService } from './feed-service.ts';

const clock = createSystemClock();
const missing = missingProgram('natsServer');

const { changed, until } = createConditions();

/** Tells the conditions of what the view is given. */
function observed(view: FeedHandler): FeedHandler {
  return {
    apply(shard, entries) {
      view.apply(shard, entries);
      changed();
    },
    begin(shard) {
      const snapshot = view.begin(shard);
      return {
        add: (entries) => snapshot.add(entries),
        end() {
          snapshot.end();
          changed();
        },
      };
    },
    removed: (shard) => view.removed(shard),
  };
}

async function createShard(url: string) {
  const store = createMemoryStore();
  const bus = connectNats({ servers: [url], name: 'alpha', clock });
  const shard = { name: 'alpha', number: 1 };
  const publisher = createFeedPublisher({ store, bus, shard, epoch: 'first', project, clock });
  const service = feedService({
    store,
    shard: shard.name,
    epoch: 'first',
    project,
    prefixes,
    lastRevision: publisher.lastRevision,
    requestProgress: () => store.progress(),
    admit: () => undefined,
  });
  const server = await startRpcServer({ host: '127.0.0.1', port: 0, clock, services: [service] });
  return {
    store,
    record: { ...shard, rpcAddress: `127.0.0.1:${server.port}`, alive: true },
    async [Symbol.asyncDispose]() {
      publisher[Symbol.dispose]();
      await server.close({ drainMs: 0 });
      await bus[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function follow(url: string, record: Awaited<ReturnType<typeof createShard>>['record']) {
  const bus = connectNats({ servers: [url], name: 'follower', clock, onState: changed });
  const view = createEntryView({ keep: () => true });
  const feedConsumer = await createFeedConsumer({
    bus,
    feedHandler: observed(view),
    clock,
    connect: (address) => createRpcClient(FeedService, { addresses: [address] }),
    replicas: () => [],
  });
  feedConsumer.setShards([record]);
  await feedConsumer.ready();
  return {
    bus,
    view,
    feedConsumer,
    async [Symbol.asyncDispose]() {
      await feedConsumer[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(missing !== undefined)(
  `a feed over NATS and gRPC${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    it('a feed consumer takes a snapshot of thousands, and receives what comes', async () => {
      await using nats = await startNats();
      await using shard = await createShard(nats.url);
      await Promise.all(
        Array.from({ length: 5_000 }, (_, index) => put(shard.store, exportKey(`e${index}`), 'x'.repeat(500))),
      );
      await using all = await follow(nats.url, shard.record);
      await until(() => all.bus.state() === 'up');
      expect(all.view.sizes().entries).toBe(5_000);
      await put(shard.store, exportKey('new'), 'x');
      await until(() => all.view.get(exportKey('new')) !== undefined);
    });

    it('while NATS is killed nobody is blind, and afterwards nothing is missing', async () => {
      await using nats = await startNats();
      await using shard = await createShard(nats.url);
      await using all = await follow(nats.url, shard.record);
      await until(() => all.bus.state() === 'up');
      await nats.kill();
      await put(shard.store, exportKey('during'), 'x');
      expect(await all.feedConsumer.catchUp()).toBe(true);
      expect(all.view.get(exportKey('during'))).toBeDefined();
      // Without being asked as well.
      await put(shard.store, exportKey('later'), 'x');
      await until(() => all.view.get(exportKey('later')) !== undefined);
      await nats.restart();
      await until(() => all.bus.state() === 'up');
      await put(shard.store, exportKey('after'), 'x');
      await until(() => all.view.get(exportKey('after')) !== undefined);
      expect(all.view.sizes().entries).toBe(3);
      expect(all.feedConsumer.statistics().snapshots).toBe(1);
    });
  },
);
