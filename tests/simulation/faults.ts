/** What goes wrong in a run, and for how long. */

import type { SimCache } from './cache.ts';
import { drawSkew } from './process.ts';
import type { SimProxy } from './proxy.ts';
import type { SimReplica } from './replica.ts';
import type { Requester } from './requester.ts';
import { createSimShard, keepAliveMs, kill, leaseMs } from './shard.ts';
import type { SimShard, Simulation } from './simulation.ts';
import { startWriter } from './writer.ts';

export interface FaultDependencies {
  readonly replicas: readonly SimReplica[];
  readonly proxies: readonly SimProxy[];
  readonly cache: SimCache;
  readonly requesters: readonly Requester[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly writesUntilMs: number;
}

/** How long the membership goes on believing in a shard that does not say anything any more. */
const membershipLeaseMs = 700;
const shardsMax = 4;

/** Adds a shard, and somebody who writes to it. */
export function addShard(simulation: Simulation, requesters: readonly Requester[], writesUntilMs: number): void {
  const name = `shard-${simulation.shards.size + 1}`;
  simulation.shards.set(name, createSimShard(simulation, name));
  startWriter(simulation, requesters, name, writesUntilMs);
}

export function isWell(shard: SimShard): boolean {
  const { process, serving } = shard.life();
  return process.state() === 'running' && serving() !== undefined;
}

/** The process dies; another one begins where it was, at once or much later. */
export function crash(simulation: Simulation, shard: SimShard): void {
  const { time, chance } = simulation;
  const { process, membership } = shard.life();
  kill(simulation, process);
  time.after(membershipLeaseMs, () => membership.lapse());
  // A successor that is there at once, on a machine whose clock is behind, is what promises have to
  // fear.
  const atOnce = chance.happens(0.5);
  time.after(atOnce ? chance.between(1, 200) : chance.between(200, 5_000), () => {
    shard.start();
    if (atOnce && chance.happens(0.5)) shard.life().process.offsetMs = -process.offsetMs;
  });
}

/**
 * The process stands still, as a machine that is paused: shorter than what is left of its lease for
 * certain, or so long that another one takes the shard over and it goes on too late.
 */
export function stop(simulation: Simulation, shard: SimShard): void {
  const { time, chance } = simulation;
  const life = shard.life();
  const { process, membership } = life;
  const isTakenOver = chance.happens(0.5);
  process.stop();
  const takenOverMs = leaseMs + chance.between(1, 800);
  const stoppedMs = isTakenOver ? takenOverMs + chance.between(1, 1_500) : chance.between(50, leaseMs - keepAliveMs);
  if (stoppedMs > membershipLeaseMs) time.after(membershipLeaseMs, () => membership.lapse());
  if (isTakenOver) time.after(takenOverMs, () => shard.start());
  time.after(stoppedMs, () => {
    process.resume();
    if (!isTakenOver) {
      life.rejoin();
      return;
    }
    // It notices when it commits or renews its lease.
    time.after(chance.between(50, 1_500), () => kill(simulation, process));
  });
}

/** The shard is alive, and serves all that reach it, and the membership gets nothing of it. */
export function lapse({ time, chance }: Simulation, shard: SimShard): void {
  const life = shard.life();
  life.membership.lapse();
  time.after(chance.between(500, 3_000), life.rejoin);
}

export function part({ time, chance, network }: Simulation, one: string, other: string): void {
  if (one === other) return;
  network.part(one, other);
  time.after(chance.between(50, 3_500), () => network.join(one, other));
}

function silence({ time, chance, shards }: Simulation, { replicas, proxies, cache }: FaultDependencies): void {
  const incarnations = [...shards.values()].map((shard) => shard.life());
  const all = [...replicas, ...replicas, ...proxies, cache.life(), ...incarnations];
  const one = chance.pick(all);
  const silent = chance.happens(0.2) ? all : one === undefined ? [] : [one];
  for (const { membership } of silent) membership.connected = false;
  time.after(chance.between(200, 3_500), () => {
    for (const { membership } of silent) membership.connected = true;
  });
}

export function breakBus({ time, chance, bus }: Simulation): void {
  if (chance.happens(0.3)) bus.up = false;
  else bus.loss = chance.between(0.05, 0.9);
  time.after(chance.between(50, 4_000), () => {
    bus.loss = 0;
    bus.up = true;
    if (chance.happens(0.3)) bus.gap();
  });
}

/**
 * Nothing more can be written to its disk; or it dies, and another one goes on from there. What
 * that takes from a shard which dies meanwhile is not all.
 */
function breakCache(simulation: Simulation, cache: SimCache): void {
  const { time, chance, bus, shards } = simulation;
  const { process } = cache.life();
  if (chance.happens(0.3)) {
    cache.full = true;
    time.after(chance.between(50, 2_500), () => {
      cache.full = false;
    });
    return;
  }
  kill(simulation, process);
  const backMs = chance.between(1, 1_500);
  time.after(backMs, () => cache.start());
  const shard = chance.pick([...shards.values()]);
  if (shard === undefined || chance.happens(0.3)) return;
  // Others miss what it says last, and ask for what is kept.
  bus.loss = 0.7;
  time.after(backMs + chance.between(1, 40), () => {
    if (isWell(shard)) crash(simulation, shard);
    bus.loss = 0;
  });
}

function jump({ chance, shards }: Simulation, { replicas, proxies }: FaultDependencies): void {
  const incarnations = [...shards.values()].map((shard) => shard.life());
  const one = chance.pick([...incarnations, ...incarnations, ...replicas, ...proxies]);
  if (one !== undefined) one.process.offsetMs = drawSkew(chance);
}

function fault(simulation: Simulation, deps: FaultDependencies): void {
  const { chance, network, shards } = simulation;
  const shard = chance.pick([...shards.values()]);
  const hosts = [...deps.replicas, ...deps.proxies, ...shards.values()].map(hostOf);
  const feedConsumer = chance.pick([...hosts, deps.cache.host]);
  if (shard === undefined || feedConsumer === undefined) return;
  const kind = chance.fraction();
  if (kind < 0.22) isWell(shard) && crash(simulation, shard);
  else if (kind < 0.32) isWell(shard) && stop(simulation, shard);
  else if (kind < 0.4) isWell(shard) && lapse(simulation, shard);
  else if (kind < 0.53) part(simulation, feedConsumer, shard.name);
  else if (kind < 0.63) silence(simulation, deps);
  else if (kind < 0.7) network.cut(({ from, to }) => from.host === feedConsumer && to.host === shard.name);
  else if (kind < 0.76)
    network.stall(({ from, to }) => from.host === feedConsumer && to.host === shard.name, chance.between(100, 3_000));
  else if (kind < 0.81) breakBus(simulation);
  else if (kind < 0.86) breakCache(simulation, deps.cache);
  else if (kind < 0.91) jump(simulation, deps);
  else if (shards.size < shardsMax) {
    // A replica that receives a new shard late is what joining has to fear.
    if (chance.happens(0.5)) silence(simulation, deps);
    addShard(simulation, deps.requesters, deps.writesUntilMs);
  }
}

function hostOf(one: SimShard | SimReplica | SimProxy): string {
  return 'process' in one ? one.process.host : one.name;
}

export function scheduleFaults(simulation: Simulation, deps: FaultDependencies): void {
  const { time, chance } = simulation;
  const again = () => {
    if (time.now() > deps.untilMs) return;
    fault(simulation, deps);
    time.after(chance.between(100, 1_600), again);
  };
  time.at(deps.fromMs, again);
}
