/** One run: a seed decides clocks, delays, faults, writers and clients; the answer is what went wrong. */
import { asRevision } from '@kcp-ts/meta';
import { checkHistories } from './check-histories.ts';
import type { Rules } from './rules.ts';
import { allRules } from './rules.ts';
import { createSimClient, largest } from './sim-client.ts';
import type { SimRegister } from './sim-register.ts';
import { createSimRegister } from './sim-register.ts';
import type { SimReplica } from './sim-replica.ts';
import { createSimReplica } from './sim-replica.ts';
import { SimShard } from './sim-shard.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';
import { createChance, createVirtualTime } from './virtual-time.ts';

export interface Outcome {
  readonly violations: readonly string[];
  /** What was shown and committed, to see that a run is about something. */
  readonly commits: number;
  readonly events: number;
  readonly gone: number;
}

const epochMs = Date.UTC(2026, 6, 1);
const faultsFromMs = 4_000;
const faultsUntilMs = 14_000;
const writesUntilMs = 20_000;
const endMs = 23_000;

interface World {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
  readonly register: SimRegister;
  readonly shards: Map<string, SimShard>;
  readonly replicas: SimReplica[];
}

/** Heartbeats: a dead shard, or one that the register does not reach, is noticed a little later. */
const leaseMs = 700;

function join(world: World, name: string): void {
  const { time, chance, rules, register, shards } = world;
  const shard = new SimShard(name, shards.size + 1, time, chance, rules);
  shards.set(name, shard);
  shard.start(register.join(name, shard.number, shard.offsetMs));
  const write = () => {
    if (time.now() > writesUntilMs) return;
    shard.write();
    time.after(chance.happens(0.2) ? chance.between(0, 3) : chance.between(50, 500), write);
  };
  time.after(chance.between(0, 300), write);
}

function record(world: World, name: string) {
  return world.register.current().shards.find((shard) => shard.name === name);
}

function crash(world: World, name: string): void {
  const { time, chance, register } = world;
  const shard = world.shards.get(name);
  if (shard === undefined || !shard.up) return;
  shard.crash();
  for (const replica of world.replicas) replica.cut(name);
  const downMs = chance.happens(0.4) ? chance.between(1, 300) : chance.between(300, 6_000);
  if (downMs > leaseMs) time.after(leaseMs, () => register.alive(name, false));
  time.after(downMs, () => {
    shard.start(record(world, name)?.joinRevision ?? asRevision(0));
    register.alive(name, true);
  });
}

/** The shard lives, and serves whoever reaches it, and the register does not hear of it. */
function lapse(world: World, name: string): void {
  world.register.alive(name, false);
  world.time.after(world.chance.between(500, 4_000), () => world.register.alive(name, true));
}

function part(world: World, replica: SimReplica, name: string): void {
  if (replica.parted.has(name)) return;
  replica.parted.add(name);
  replica.cut(name);
  world.time.after(world.chance.between(50, 4_000), () => replica.parted.delete(name));
}

function silence(world: World, replica: SimReplica): void {
  replica.hears(false);
  world.time.after(world.chance.between(200, 5_000), () => replica.hears(true));
}

function fault(world: World): void {
  const { chance, replicas, shards } = world;
  const replica = chance.pick(replicas);
  const name = chance.pick([...shards.keys()]);
  if (replica === undefined || name === undefined) return;
  const kind = chance.fraction();
  if (kind < 0.35) crash(world, name);
  else if (kind < 0.45) lapse(world, name);
  else if (kind < 0.6) part(world, replica, name);
  else if (kind < 0.75) silence(world, replica);
  else if (kind < 0.9) replica.cut(name);
  else if (shards.size < 5) {
    // A replica that hears of a new shard late is what joining has to fear.
    if (chance.happens(0.5)) silence(world, replica);
    join(world, `shard-${shards.size + 1}`);
  }
}

function scheduleFaults(world: World): void {
  const { time, chance } = world;
  const again = () => {
    if (time.now() > faultsUntilMs) return;
    fault(world);
    time.after(chance.between(200, 3_000), again);
  };
  time.at(faultsFromMs, again);
}

export async function simulate(seed: number, rules: Partial<Rules> = {}): Promise<Outcome> {
  const chance = createChance(seed);
  const time = createVirtualTime(epochMs);
  const shards = new Map<string, SimShard>();
  const register = createSimRegister(time, chance);
  const world: World = { time, chance, rules: { ...allRules, ...rules }, register, shards, replicas: [] };
  for (let i = 1 + chance.integer(3); i > 0; i--) join(world, `shard-${shards.size + 1}`);
  for (let i = 0; i < 2; i++) world.replicas.push(createSimReplica(world));
  scheduleFaults(world);
  const clients = Array.from({ length: 3 }, () =>
    createSimClient({
      time,
      chance,
      replicas: world.replicas,
      acknowledged: () => largest([...shards.values()].map((shard) => shard.acknowledged)),
      restless: () => time.now() < writesUntilMs - 2_000,
    }),
  );
  await time.runUntil(endMs);
  const segments = clients.map((client) => client.segments);
  const all = segments.flat();
  return {
    violations: checkHistories({ clients: segments, shards: [...shards.values()], records: register.current().shards }),
    commits: [...shards.values()].reduce((sum, { log }) => sum + log.length, 0),
    events: all.reduce((sum, { events }) => sum + events.length, 0),
    gone: all.filter(({ gone }) => gone).length,
  };
}
