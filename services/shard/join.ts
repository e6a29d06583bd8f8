/** A shard joins the others: the register says which number it has and from when on it may commit. */
import type { Clock } from '@kcp-ts/base';
import { pauseAlive, portOrFree } from '@kcp-ts/base';
import { addressOf } from '@kcp-ts/program';
import type { ClockGuard, Connections, ShardRecord } from '@kcp-ts/sharding';
import { guardClock, openConnections } from '@kcp-ts/sharding';
import { revisionAt } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { ShardConfig } from './config.ts';

export interface Joined extends Connections {
  readonly own: ShardRecord;
  readonly rpcPort: number;
  readonly clocks: ClockGuard;
}

export interface JoinDependencies {
  readonly config: ShardConfig;
  /** Of the listening server. */
  readonly baseUrl: string;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly host: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const clockRetryMs = 1_000;

function labelsOf({ shardLabels }: ShardConfig): Record<string, string> {
  return Object.fromEntries(
    shardLabels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  );
}

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
  const { config, clock, log, host } = deps;
  const connections = await openConnections({ config, name: config.shardName, clock, log });
  const clocks = guardClock({ ...connections, own: config.shardName, clock, log });
  await awaitClock(clocks, () => pauseAlive(clock, clockRetryMs));
  const rpcPort = await portOrFree(config.rpcPort);
  const own = await connections.membership.join({
    name: config.shardName,
    baseUrl: deps.baseUrl,
    rpcAddress: addressOf(host, rpcPort),
    externalUrl: deps.externalUrl,
    virtualWorkspaceUrl: deps.virtualWorkspaceUrl,
    labels: labelsOf(config),
  });
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
