/**
 * One run: a seed decides clocks, delays, faults, writers and clients; the answer is what went
 * wrong.
 */
import type { Revision } from '@kcp-ts/api';
import { createInProcessRegistry } from '@kcp-ts/sharding';
import { createSimBus } from './bus.ts';
import { startCache } from './cache.ts';
import { checkObjects } from './check-objects.ts';
import { checkStreams } from './check-streams.ts';
import { checkViews } from './check-views.ts';
import { addShard, scheduleFaults } from './faults.ts';
import { createNetwork } from './network.ts';
import { startProxy } from './proxy.ts';
import { startReplica } from './replica.ts';
import { createRequester } from './requester.ts';
import type { Rules } from './rules.ts';
import { allRules } from './rules.ts';
import { serveParts } from './shard.ts';
import type { Simulation } from './simulation.ts';
import { startTenant } from './tenant.ts';
import { createChance, createVirtualTime } from './virtual-time.ts';
import { createWatcher } from './watcher.ts';

export interface Outcome {
  readonly violations: readonly string[];
  /** What was committed, answered and shown, to see that a run is about something. */
  readonly commits: number;
  readonly answers: number;
  readonly events: number;
  readonly gone: number;
  readonly visits: number;
  /** Processes that have owned a shard. */
  readonly incarnations: number;
}

const epochMs = Date.UTC(2026, 6, 1);
const faultsFromMs = 3_000;
const faultsUntilMs = 9_000;
const writesUntilMs = 13_000;
const restlessUntilMs = 12_000;
const endMs = 20_000;

function createSimulation(seed: number, changed: Partial<Rules>): Simulation {
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
    incarnations: new Map(),
    caches: new Map(),
  };
}

export async function simulate(seed: number, changed: Partial<Rules> = {}): Promise<Outcome> {
  const simulation = createSimulation(seed, changed);
  const { time, chance, shards } = simulation;
  const requesters = ['client-1', 'client-2'].map((host) => createRequester(simulation, host));
  const [requester = createRequester(simulation, 'client-3')] = requesters;
  for (let i = 1 + chance.integer(3); i > 0; i--) addShard(simulation, requesters, writesUntilMs);
  const replicas = ['replica-1', 'replica-2'].map((host) => startReplica(simulation, host));
  const cache = startCache(simulation, 'cache-1');
  const proxies = [await startProxy(simulation, 'proxy-1')];
  const tenant = startTenant(simulation, { requester, proxies, untilMs: writesUntilMs - 2_000 });
  scheduleFaults(simulation, {
    replicas,
    proxies,
    cache,
    requesters,
    fromMs: faultsFromMs,
    untilMs: faultsUntilMs,
    writesUntilMs,
  });
  const watchers = Array.from({ length: 3 }, () =>
    createWatcher({
      time,
      chance,
      replicas,
      acknowledged: () => Math.max(...requesters.map((each) => each.acknowledged())) as Revision,
      restless: () => time.now() < restlessUntilMs,
    }),
  );
  await time.runUntil(endMs);
  const all = [...shards.values()];
  const clients = watchers.map((watcher) => watcher.segments);
  const answered = requesters.flatMap((each) => each.answered);
  const records = simulation.registry.open().current().shards;
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
    incarnations: simulation.incarnations.size,
  };
}
