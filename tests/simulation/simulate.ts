/** One run: a seed decides clocks, delays, faults, writers and clients; the answer is what went wrong. */
import type { Revision } from '@kcp-ts/meta';
import { createInProcessRegistry } from '@kcp-ts/replication';
import { createSimBus } from './bus.ts';
import { startCache } from './cache.ts';
import { checkObjects } from './check-objects.ts';
import { checkStreams } from './check-streams.ts';
import { checkViews } from './check-views.ts';
import { createClerk } from './clerk.ts';
import { addShard, scheduleFaults } from './faults.ts';
import { createNetwork } from './network.ts';
import { startProxy } from './proxy.ts';
import { startReplica } from './replica.ts';
import type { Rules } from './rules.ts';
import { allRules } from './rules.ts';
import { serveParts } from './shard.ts';
import { startTenant } from './tenant.ts';
import { createChance, createVirtualTime } from './virtual-time.ts';
import { createWatcher } from './watcher.ts';
import type { World } from './world.ts';

export interface Outcome {
  readonly violations: readonly string[];
  /** What was committed, answered and shown, to see that a run is about something. */
  readonly commits: number;
  readonly answers: number;
  readonly events: number;
  readonly gone: number;
  readonly visits: number;
  /** Processes that have owned a shard. */
  readonly lives: number;
}

const epochMs = Date.UTC(2026, 6, 1);
const faultsFromMs = 3_000;
const faultsUntilMs = 9_000;
const writesUntilMs = 13_000;
const restlessUntilMs = 12_000;
const endMs = 20_000;

function createWorld(seed: number, changed: Partial<Rules>): World {
  const chance = createChance(seed);
  const time = createVirtualTime(epochMs);
  const rules = { ...allRules, ...changed };
  const common = { time, chance, rules };
  return {
    ...common,
    network: createNetwork(time, chance),
    bus: createSimBus(common),
    serve: serveParts,
    registry: createInProcessRegistry({ clock: time.clock() }),
    shards: new Map(),
    lives: new Map(),
    caches: new Map(),
  };
}

export async function simulate(seed: number, changed: Partial<Rules> = {}): Promise<Outcome> {
  const world = createWorld(seed, changed);
  const { time, chance, shards } = world;
  const clerks = ['clerk-1', 'clerk-2'].map((host) => createClerk(world, host));
  const [clerk = createClerk(world, 'clerk-3')] = clerks;
  for (let i = 1 + chance.integer(3); i > 0; i--) addShard(world, clerks, writesUntilMs);
  const replicas = ['replica-1', 'replica-2'].map((host) => startReplica(world, host));
  const cache = startCache(world, 'cache-1');
  const proxies = [await startProxy(world, 'proxy-1')];
  const tenant = startTenant(world, { clerk, proxies, untilMs: writesUntilMs - 2_000 });
  scheduleFaults(world, {
    replicas,
    proxies,
    cache,
    clerks,
    fromMs: faultsFromMs,
    untilMs: faultsUntilMs,
    writesUntilMs,
  });
  const watchers = Array.from({ length: 3 }, () =>
    createWatcher({
      time,
      chance,
      replicas,
      acknowledged: () => Math.max(...clerks.map((each) => each.acknowledged())) as Revision,
      restless: () => time.now() < restlessUntilMs,
    }),
  );
  await time.runUntil(endMs);
  const all = [...shards.values()];
  const clients = watchers.map((watcher) => watcher.segments);
  const answered = clerks.flatMap((each) => each.answered);
  const records = world.registry.open().current().shards;
  return {
    violations: [
      ...checkObjects(all, answered),
      ...checkStreams({ clients, shards: all, records }),
      ...(await checkViews({ shards: all, proxies, cache, tenant })),
    ],
    commits: all.reduce((sum, { disk }) => sum + disk.log.length, 0),
    answers: answered.length,
    events: clients.flat().reduce((sum, { events }) => sum + events.length, 0),
    gone: clients.flat().filter(({ gone }) => gone).length,
    visits: tenant.visits(),
    lives: world.lives.size,
  };
}
