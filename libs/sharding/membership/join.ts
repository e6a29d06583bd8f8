/**
 * A shard joins the others: the membership says which number it has and from when on it may commit.
 */
import type { Clock, Live, Reloads } from '@kcp-ts/base';
import { pauseAlive } from '@kcp-ts/base';
import type { EtcdMetrics } from '@kcp-ts/etcd';
import { FeedService, ShardService } from '@kcp-ts/proto';
import type { DeferredService } from '@kcp-ts/rpc';
import { deferredService, startRpcServer } from '@kcp-ts/rpc';
import { revisionAt } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { ClockMonitor } from '../clocks/clock-monitor.ts';
import { clockService, monitorClock } from '../clocks/peer-clocks.ts';
import type { Connections, InstallationConfig, PeerTls } from './connections.ts';
import { openConnections } from './connections.ts';
import type { ShardAddress, ShardRecord } from './membership.ts';

/** The gRPC server of a shard. Its services begin when the shard has joined. */
export interface JoinedRpc {
  readonly feed: DeferredService;
  readonly shard: DeferredService;
  /** Calls that are under way have so long to end. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

export interface Joined extends Connections {
  readonly own: ShardRecord;
  readonly rpc: JoinedRpc;
  readonly clocks: ClockMonitor;
}

export interface JoinDependencies {
  readonly config: InstallationConfig & { readonly bindAddress: string; readonly rpcPort: number };
  /** What the membership is to say of this shard, beside where it is called by gRPC. */
  readonly own: Omit<ShardAddress, 'rpcAddress'>;
  /** Where others reach a port of this host. */
  addressOf(port: number): string;
  readonly tls: Live<PeerTls>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reloads?: Reloads | undefined;
  readonly etcdMetrics?: EtcdMetrics | undefined;
}

const clockRetryMs = 1_000;

/** A shard commits above its join revision only: by then all services know of it. */
async function awaitJoin(own: ShardRecord, clock: Clock): Promise<void> {
  const aheadMs = (own.joinRevision - revisionAt(clock.now())) / 1000;
  if (aheadMs > 0) await pauseAlive(clock, Math.ceil(aheadMs));
}

/** A shard with a wrong clock would join at a wrong revision: it waits until the clock is right. */
export async function awaitClock(
  clocks: Pick<ClockMonitor, 'fault' | 'measure'>,
  pause: () => Promise<void>,
): Promise<void> {
  await clocks.measure();
  while (clocks.fault() !== undefined) {
    await pause();
    await clocks.measure();
  }
}

/** What is announced is what was bound: it listens before it joins. */
async function listenRpc({ config, tls, clock }: JoinDependencies): Promise<JoinedRpc & { readonly port: number }> {
  const feed = deferredService(FeedService);
  const shard = deferredService(ShardService);
  const server = await startRpcServer({
    host: config.bindAddress,
    port: config.rpcPort,
    tls,
    clock,
    services: [feed.service, shard.service, clockService(clock)],
  });
  return { feed, shard, port: server.port, close: (options) => server.close(options) };
}

/** Resolves when the shard belongs to the installation and may commit. */
export async function joinOthers(deps: JoinDependencies): Promise<Joined> {
  const { clock, log } = deps;
  await using opened = new AsyncDisposableStack();
  const connections = opened.use(await openConnections({ ...deps, name: deps.own.name }));
  const clocks = opened.use(monitorClock({ ...connections, own: deps.own.name, clock, log }));
  await awaitClock(clocks, () => pauseAlive(clock, clockRetryMs));
  const rpc = await listenRpc(deps);
  opened.defer(() => rpc.close({ drainMs: 0 }));
  const own = await connections.membership.join({ ...deps.own, rpcAddress: deps.addressOf(rpc.port) });
  await awaitJoin(own, clock);
  const { tls, membership, bus } = connections;
  const all = opened.move();
  return { tls, membership, bus, own, rpc, clocks, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
