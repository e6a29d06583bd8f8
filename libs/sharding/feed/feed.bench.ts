/**
 * How long a commit takes to reach a feed consumer over NATS, and what that costs. Run with `node
 * libs/sharding/feed/feed.bench.ts`; one line of JSON for each figure. Publisher and feed consumer
 * are in one process, so the CPU is that of both.
 */
import { createHistogram } from 'node:perf_hooks';
import { createSystemClock } from '@kcp-ts/base';
import { connectNats } from '@kcp-ts/bus';
import { FeedService } from '@kcp-ts/proto';
import { createRpcClient, startRpcServer } from '@kcp-ts/rpc';
import { createMemoryStore } from '@kcp-ts/storage';
import { startNats } from '@kcp-ts/testing';
import { createEntryView } from './entry-view.ts';
import { exportKey, prefixes, project, put } from './feed.fixture.ts';
import { createFeedConsumer } from './feed-consumer.ts';
import { createFeedPublisher } from './feed-publisher.ts';
import { feedService } from './feed-service.ts';

const clock = createSystemClock();
const shard = { name: 'alpha', number: 1 };

await using nats = await startNats();
await using store = createMemoryStore();
await using publisherBus = connectNats({ servers: [nats.url], name: 'alpha', clock });
await using followerBus = connectNats({ servers: [nats.url], name: 'follower', clock });
while (publisherBus.state() !== 'up' || followerBus.state() !== 'up')
  await new Promise((resolve) => setTimeout(resolve, 10));
using publisher = createFeedPublisher({ store, bus: publisherBus, shard, epoch: 'first', project, clock });
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
const view = createEntryView({ keep: () => true });
const feedConsumer = await createFeedConsumer({
  bus: followerBus,
  feedHandler: view,
  clock,
  connect: (address) => createRpcClient(FeedService, { addresses: [address] }),
  replicas: () => [],
});
feedConsumer.setShards([{ ...shard, rpcAddress: `127.0.0.1:${server.port}`, alive: true }]);
await feedConsumer.ready();

const begun = new Map<string, number>();
let latency = createHistogram();
let left = 0;
let finished: () => void = () => undefined;
view.onEvents((events) => {
  for (const { key } of events) {
    const start = begun.get(key);
    if (start === undefined) continue;
    latency.record(Math.max(1, Math.round((clock.monotonic() - start) * 1_000)));
    left -= 1;
  }
  if (left === 0) finished();
});

/** `together` commits at a time, one lot every `everyMs`. */
async function measure(what: string, lots: number, together: number, everyMs: number): Promise<void> {
  begun.clear();
  latency = createHistogram();
  left = lots * together;
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const before = feedConsumer.statistics();
  const cpu = process.cpuUsage();
  const value = 'x'.repeat(400);
  for (let lot = 0; lot < lots; lot++) {
    for (let index = 0; index < together; index++) {
      const key = exportKey(`${what}-${lot}-${index}`);
      begun.set(key, clock.monotonic());
      void put(store, key, value);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await done;
  const used = process.cpuUsage(cpu);
  const { fetches } = feedConsumer.statistics();
  const figures = {
    what,
    entries: lots * together,
    p50Microseconds: latency.percentile(50),
    p99Microseconds: latency.percentile(99),
    cpuMicrosecondsPerEntry: Math.round((used.user + used.system) / lots / together),
    fetches: fetches - before.fetches,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

await measure('warm-up', 500, 4, 1);
await measure('one by one', 500, 1, 4);
await measure('four at a time', 500, 4, 2);
await measure('fifty at a time', 200, 50, 5);

await feedConsumer[Symbol.asyncDispose]();
await server.close({ drainMs: 0 });
