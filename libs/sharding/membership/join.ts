/** A shard joins the others: the membership says which number it has and from when on it may commit. */
import type { Clock } from '@kcp-ts/base';
import { pauseAlive, portOrFree } from '@kcp-ts/base';
import { revisionAt } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { ClockGuard } from '../clocks/clock-guard.ts';
import { guardClock } from '../clocks/peer-clocks.ts';
import type { Connections, InstallationConfig } from './connections.ts';
import { openConnections } from './connections.ts';
import type { ShardAddress, ShardRecord } from './membership.ts';

export interface Joined extends Connections {
  readonly own: ShardRecord;
  readonly rpcPort: number;
  readonly clocks: ClockGuard;
}

export interface JoinDependencies {
  readonly config: InstallationConfig & { readonly rpcPort: number };
  /** What the membership is to say of this shard, beside where it is called by gRPC. */
  readonly own: Omit<ShardAddress, 'rpcAddress'>;
  /** Where others reach a port of this host. */
  addressOf(port: number): string;
  readonly clock: Clock;
  readonly log: Logger;
}

const clockRetryMs = 1_000;

/** A shard commits above its join revision only: by then everybody has heard of it. */
async function awaitJoin(own: ShardRecord, clock: Clock): Promise<void> {
  const aheadMs = (own.joinRevision - revisionAt(clock.now())) / 1000;
  if (aheadMs > 0) await pauseAlive(clock, Math.ceil(aheadMs));
}

/** Whoever joins with a wrong clock would join at a wrong revision: it waits until the clock is right. */
export async function awaitClock(
  clocks: Pick<ClockGuard, 'fault' | 'measure'>,
  pause: () => Promise<void>,
): Promise<void> {
  await clocks.measure();
  while (clocks.fault() !== undefined) {
    await pause();
    await clocks.measure();
  }
}

/** Resolves when the shard belongs to the installation and may commit. */
export async function joinOthers(deps: JoinDependencies): Promise<Joined> {
  const { config, clock, log } = deps;
  const connections = await openConnections({ config, name: deps.own.name, clock, log });
  const clocks = guardClock({ ...connections, own: deps.own.name, clock, log });
  await awaitClock(clocks, () => pauseAlive(clock, clockRetryMs));
  const rpcPort = await portOrFree(config.rpcPort);
  const own = await connections.membership.join({ ...deps.own, rpcAddress: deps.addressOf(rpcPort) });
  await awaitJoin(own, clock);
  return {
    ...connections,
    own,
    rpcPort,
    clocks,
    async [Symbol.asyncDispose]() {
      clocks[Symbol.dispose]();
      await connections[Symbol.asyncDispose]();
    },
  };
}
