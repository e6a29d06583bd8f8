/** What goes wrong in a run of whole shards. */
import { breakBus, crash, isWell, lapse, part, stop } from '../faults.ts';
import { drawSkew } from '../process.ts';
import type { World } from '../world.ts';
import type { ApiReplica } from './api-replica.ts';

export interface ApiFaultNeeds {
  readonly replicas: readonly ApiReplica[];
  readonly fromMs: number;
  readonly untilMs: number;
}

function fault(world: World, { replicas }: ApiFaultNeeds): void {
  const { time, chance, network, shards } = world;
  const shard = chance.pick([...shards.values()]);
  const replica = chance.pick(replicas);
  if (shard === undefined || replica === undefined) return;
  const { host } = replica.process;
  const kind = chance.fraction();
  if (kind < 0.3) isWell(shard) && crash(world, shard);
  else if (kind < 0.42) isWell(shard) && stop(world, shard);
  else if (kind < 0.5) isWell(shard) && lapse(world, shard);
  else if (kind < 0.6) part(world, host, shard.name);
  else if (kind < 0.68) {
    replica.register.connected = false;
    time.after(chance.between(200, 3_500), () => {
      replica.register.connected = true;
    });
  } else if (kind < 0.78) network.cut(({ from, to }) => from.host === host && to.host === shard.name);
  else if (kind < 0.86)
    network.stall(({ from, to }) => from.host === host && to.host === shard.name, chance.between(100, 3_000));
  else if (kind < 0.93) breakBus(world);
  else shard.life().process.offsetMs = drawSkew(chance);
}

export function scheduleApiFaults(world: World, needs: ApiFaultNeeds): void {
  const { time, chance } = world;
  const again = () => {
    if (time.now() > needs.untilMs) return;
    fault(world, needs);
    time.after(chance.between(300, 3_000), again);
  };
  time.at(needs.fromMs, again);
}
