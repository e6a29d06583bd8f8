/**
 * One run of whole shards: consumers that bind, grant and go, a provider that watches them all, and
 * faults; the answer is what went wrong.
 */

import { StatusError } from '@kcp-ts/api';
import { RpcError } from '@kcp-ts/rpc';
import { createInProcessRegistry } from '@kcp-ts/sharding';
import { parseKey } from '@kcp-ts/storage';
import { isLogicalClusterKey } from '@kcp-ts/tenancy';
import { createSimBus } from '../bus.ts';
import { checkObjects } from '../check-objects.ts';
import { createNetwork } from '../network.ts';
import { allRules } from '../rules.ts';
import { createSimShard } from '../shard.ts';
import type { Simulation } from '../simulation.ts';
import { createChance, createVirtualTime } from '../virtual-time.ts';
import { createSimApiClient } from './api-client.ts';
import { scheduleApiFaults } from './api-faults.ts';
import { startApiReplica } from './api-replica.ts';
import type { Troubles } from './api-shard.ts';
import { rootShard, serveApi } from './api-shard.ts';
import { createApiWatcher } from './api-watcher.ts';
import { checkBindings } from './check-bindings.ts';
import { checkClusters } from './check-clusters.ts';
import { checkShown } from './check-shown.ts';
import { startConsumer } from './consumer.ts';
import { startProvider } from './provider.ts';
import type { ApiRules } from './rules.ts';
import { allApiRules } from './rules.ts';
import { truthOf } from './truth.ts';

export interface ApiOutcome {
  readonly violations: readonly string[];
  /** What was committed and shown, to see that a run is about something. */
  readonly commits: number;
  readonly writes: number;
  readonly events: number;
  readonly gone: number;
  /** Bindings that went, and clusters. */
  readonly unbound: number;
  readonly removed: number;
  readonly incarnations: number;
}

const epochMs = Date.UTC(2026, 6, 1);
const faultsFromMs = 4_000;
const faultsUntilMs = 12_000;
const writesUntilMs = 14_000;
const restlessUntilMs = 15_000;
const endMs = 30_000;

function createSimulation(seed: number, rules: ApiRules, troubles: Troubles): Simulation {
  const chance = createChance(seed);
  const time = createVirtualTime(epochMs);
  const common = { time, chance, rules: allRules };
  return {
    ...common,
    network: createNetwork(time, chance),
    bus: createSimBus(common),
    serve: serveApi(rules, troubles),
    registry: createInProcessRegistry({ clock: time.clock() }),
    shards: new Map(),
    incarnations: new Map(),
    caches: new Map(),
  };
}

export async function simulateApis(seed: number, changed: Partial<ApiRules> = {}): Promise<ApiOutcome> {
  const wrong: string[] = [];
  /** That a disk or another server cannot be had is what faults are for. */
  const note = (who: string, error: unknown) => {
    if (StatusError.from(error).code !== 503 && !(error instanceof RpcError)) wrong.push(`${who}: ${String(error)}`);
  };
  const troubles: Troubles = {
    controller: (shard, name, key, error) => note(`${name} of ${shard} failed with ${key}`, error),
    fault: (shard, error) => note(`${shard} failed with a request`, error),
  };
  const simulation = createSimulation(seed, { ...allApiRules, ...changed }, troubles);
  const { time, shards } = simulation;
  for (const name of [rootShard, 'shard-2']) shards.set(name, createSimShard(simulation, name));
  const admin = createSimApiClient(simulation, 'admin', 'admin');
  const provider = startProvider(simulation, admin, writesUntilMs);
  const replicas = ['replica-1', 'replica-2'].map((host) =>
    startApiReplica(simulation, {
      host,
      providerCluster: provider.cluster,
      fault: (error) => troubles.fault(host, error),
    }),
  );
  let writes = 0;
  const consumer = (name: string, owner?: typeof admin) =>
    startConsumer({ simulation, admin, owner, name, provider, untilMs: writesUntilMs, writes: () => void writes++ });
  consumer('c1');
  consumer('c2');
  consumer('home', createSimApiClient(simulation, 'ann', 'ann'));
  scheduleApiFaults(simulation, { replicas, fromMs: faultsFromMs, untilMs: faultsUntilMs });
  const watchers = (['exported', 'claimed', 'claimed'] as const).map((watched, i) =>
    createApiWatcher({
      simulation,
      watched,
      replicas,
      provider,
      host: `client-${i}`,
      restless: () => time.now() < restlessUntilMs,
    }),
  );
  await time.runUntil(endMs);
  const all = [...shards.values()];
  const records = simulation.registry.open().current().shards;
  const truth = truthOf(all, new Map(records.map(({ name, number }) => [name, number])));
  const segments = watchers.flatMap((watcher) => watcher.segments);
  const log = all.flatMap(({ disk }) => disk.log);
  return {
    violations: [
      ...wrong,
      ...checkObjects(all, []),
      ...checkClusters(all),
      ...checkBindings(all),
      ...checkShown(watchers, truth, records),
    ],
    commits: log.length,
    writes,
    events: segments.reduce((sum, { events }) => sum + events.length, 0),
    gone: segments.filter(({ gone }) => gone).length,
    unbound: log.filter(({ type, key }) => type === 'delete' && parseKey(key).resource === 'apibindings').length,
    removed: log.filter(({ type, key }) => type === 'delete' && isLogicalClusterKey(key)).length,
    incarnations: simulation.incarnations.size,
  };
}
