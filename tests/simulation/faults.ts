/** What goes wrong in a run, and for how long. */

import type { SimCache } from './cache.ts';
import type { Clerk } from './clerk.ts';
import { drawSkew } from './process.ts';
import type { SimProxy } from './proxy.ts';
import type { SimReplica } from './replica.ts';
import { createSimShard, keepAliveMs, kill, leaseMs } from './shard.ts';
import type { SimShard, World } from './world.ts';
import { startWriter } from './writer.ts';

export interface FaultNeeds {
  readonly replicas: readonly SimReplica[];
  readonly proxies: readonly SimProxy[];
  readonly cache: SimCache;
  readonly clerks: readonly Clerk[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly writesUntilMs: number;
}

/** How long the register goes on believing in a shard that does not say anything any more. */
const registerLeaseMs = 700;
const shardsMax = 4;

/** Adds a shard, and somebody who writes to it. */
export function addShard(world: World, clerks: readonly Clerk[], writesUntilMs: number): void {
  const name = `shard-${world.shards.size + 1}`;
  world.shards.set(name, createSimShard(world, name));
  startWriter(world, clerks, name, writesUntilMs);
}

export function isWell(shard: SimShard): boolean {
  const { process, serving } = shard.life();
  return process.state() === 'running' && serving() !== undefined;
}

/** The process dies; another one begins where it was, at once or much later. */
export function crash(world: World, shard: SimShard): void {
  const { time, chance } = world;
  const { process, register } = shard.life();
  kill(world, process);
  time.after(registerLeaseMs, () => register.lapse());
  // A successor that is there at once, on a machine whose clock is behind, is what promises have to fear.
  const atOnce = chance.happens(0.5);
  time.after(atOnce ? chance.between(1, 200) : chance.between(200, 5_000), () => {
    shard.start();
    if (atOnce && chance.happens(0.5)) shard.life().process.offsetMs = -process.offsetMs;
  });
}

/**
 * The process stands still, as a machine that is paused: shorter than what is left of its lease for certain, or so long that another one takes the shard over
 * and it wakes up too late.
 */
export function stop(world: World, shard: SimShard): void {
  const { time, chance } = world;
  const life = shard.life();
  const { process, register } = life;
  const isTakenOver = chance.happens(0.5);
  process.stop();
  const takenOverMs = leaseMs + chance.between(1, 800);
  const stoppedMs = isTakenOver ? takenOverMs + chance.between(1, 1_500) : chance.between(50, leaseMs - keepAliveMs);
  if (stoppedMs > registerLeaseMs) time.after(registerLeaseMs, () => register.lapse());
  if (isTakenOver) time.after(takenOverMs, () => shard.start());
  time.after(stoppedMs, () => {
    process.resume();
    if (!isTakenOver) {
      life.rejoin();
      return;
    }
    // It notices when it commits or renews its lease.
    time.after(chance.between(50, 1_500), () => kill(world, process));
  });
}

/** The shard lives, and serves whoever reaches it, and the register does not hear of it. */
export function lapse({ time, chance }: World, shard: SimShard): void {
  const life = shard.life();
  life.register.lapse();
  time.after(chance.between(500, 3_000), life.rejoin);
}

export function part({ time, chance, network }: World, one: string, other: string): void {
  if (one === other) return;
  network.part(one, other);
  time.after(chance.between(50, 3_500), () => network.join(one, other));
}

function silence({ time, chance, shards }: World, { replicas, proxies, cache }: FaultNeeds): void {
  const lives = [...shards.values()].map((shard) => shard.life());
  const all = [...replicas, ...replicas, ...proxies, cache.life(), ...lives];
  const one = chance.pick(all);
  const silent = chance.happens(0.2) ? all : one === undefined ? [] : [one];
  for (const { register } of silent) register.connected = false;
  time.after(chance.between(200, 3_500), () => {
    for (const { register } of silent) register.connected = true;
  });
}

export function breakBus({ time, chance, bus }: World): void {
  if (chance.happens(0.3)) bus.up = false;
  else bus.loss = chance.between(0.05, 0.9);
  time.after(chance.between(50, 4_000), () => {
    bus.loss = 0;
    bus.up = true;
    if (chance.happens(0.3)) bus.gap();
  });
}

/** Nothing more can be written to its disk; or it dies, and another one goes on from there. What that takes from a shard which dies meanwhile is not all. */
function breakCache(world: World, cache: SimCache): void {
  const { time, chance, bus, shards } = world;
  const { process } = cache.life();
  if (chance.happens(0.3)) {
    cache.full = true;
    time.after(chance.between(50, 2_500), () => {
      cache.full = false;
    });
    return;
  }
  kill(world, process);
  const backMs = chance.between(1, 1_500);
  time.after(backMs, () => cache.start());
  const shard = chance.pick([...shards.values()]);
  if (shard === undefined || chance.happens(0.3)) return;
  // Others miss what it says last, and ask for what is kept.
  bus.loss = 0.7;
  time.after(backMs + chance.between(1, 40), () => {
    if (isWell(shard)) crash(world, shard);
    bus.loss = 0;
  });
}

function jump({ chance, shards }: World, { replicas, proxies }: FaultNeeds): void {
  const lives = [...shards.values()].map((shard) => shard.life());
  const one = chance.pick([...lives, ...lives, ...replicas, ...proxies]);
  if (one !== undefined) one.process.offsetMs = drawSkew(chance);
}

function fault(world: World, needs: FaultNeeds): void {
  const { chance, network, shards } = world;
  const shard = chance.pick([...shards.values()]);
  const hosts = [...needs.replicas, ...needs.proxies, ...shards.values()].map(hostOf);
  const follower = chance.pick([...hosts, needs.cache.host]);
  if (shard === undefined || follower === undefined) return;
  const kind = chance.fraction();
  if (kind < 0.22) isWell(shard) && crash(world, shard);
  else if (kind < 0.32) isWell(shard) && stop(world, shard);
  else if (kind < 0.4) isWell(shard) && lapse(world, shard);
  else if (kind < 0.53) part(world, follower, shard.name);
  else if (kind < 0.63) silence(world, needs);
  else if (kind < 0.7) network.cut(({ from, to }) => from.host === follower && to.host === shard.name);
  else if (kind < 0.76)
    network.stall(({ from, to }) => from.host === follower && to.host === shard.name, chance.between(100, 3_000));
  else if (kind < 0.81) breakBus(world);
  else if (kind < 0.86) breakCache(world, needs.cache);
  else if (kind < 0.91) jump(world, needs);
  else if (shards.size < shardsMax) {
    // A replica that hears of a new shard late is what joining has to fear.
    if (chance.happens(0.5)) silence(world, needs);
    addShard(world, needs.clerks, needs.writesUntilMs);
  }
}

function hostOf(one: SimShard | SimReplica | SimProxy): string {
  return 'process' in one ? one.process.host : one.name;
}

export function scheduleFaults(world: World, needs: FaultNeeds): void {
  const { time, chance } = world;
  const again = () => {
    if (time.now() > needs.untilMs) return;
    fault(world, needs);
    time.after(chance.between(100, 1_600), again);
  };
  time.at(needs.fromMs, again);
}
