/** What goes wrong in a run of whole shards. */
import { breakBus, crash, isWell, lapse, part, stop } from '../faults.ts';
import { drawSkew } from '../process.ts';
import type { Simulation } from '../simulation.ts';
import type { ApiReplica } from './api-replica.ts';

export interface ApiFaultDependencies {
  readonly replicas: readonly ApiReplica[];
  readonly fromMs: number;
  readonly untilMs: number;
}

function fault(simulation: Simulation, { replicas }: ApiFaultDependencies): void {
  const { time, chance, network, shards } = simulation;
  const shard = chance.pick([...shards.values()]);
  const replica = chance.pick(replicas);
  if (shard === undefined || replica === undefined) return;
  const { host } = replica.process;
  const kind = chance.fraction();
  if (kind < 0.3) isWell(shard) && crash(simulation, shard);
  else if (kind < 0.42) isWell(shard) && stop(simulation, shard);
  else if (kind < 0.5) isWell(shard) && lapse(simulation, shard);
  else if (kind < 0.6) part(simulation, host, shard.name);
  else if (kind < 0.68) {
    replica.membership.connected = false;
    time.after(chance.between(200, 3_500), () => {
      replica.membership.connected = true;
    });
  } else if (kind < 0.78) network.cut(({ from, to }) => from.host === host && to.host === shard.name);
  else if (kind < 0.86)
    network.stall(({ from, to }) => from.host === host && to.host === shard.name, chance.between(100, 3_000));
  else if (kind < 0.93) breakBus(simulation);
  else shard.life().process.offsetMs = drawSkew(chance);
}

export function scheduleApiFaults(simulation: Simulation, deps: ApiFaultDependencies): void {
  const { time, chance } = simulation;
  const again = () => {
    if (time.now() > deps.untilMs) return;
    fault(simulation, deps);
    time.after(chance.between(300, 3_000), again);
  };
  time.at(deps.fromMs, again);
}
