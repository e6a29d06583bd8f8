/**
 * The clocks of an installation: what a service says of its own, and how a shard receives those of
 * the others.
 */
import type { Clock, Live } from '@kcp-ts/base';
import { ClockService } from '@kcp-ts/proto';
import type { RpcClient, RpcService } from '@kcp-ts/rpc';
import { serviceOf } from '@kcp-ts/rpc';
import type { Logger } from 'pino';
import type { PeerTls } from '../membership/connections.ts';
import type { Membership } from '../membership/membership.ts';
import { cacheServersOf } from '../membership/membership.ts';
import { admitServices, createServiceClient } from '../membership/service-callers.ts';
import type { ClockMonitor, PeerClock } from './clock-monitor.ts';
import { createClockMonitor } from './clock-monitor.ts';

/** Says what the clock says, to shards. */
export function clockService(clock: Clock): RpcService {
  return serviceOf(ClockService, {
    readClock(_request, call) {
      admitServices(call, ['shard']);
      return { now: clock.now() };
    },
  });
}

export interface ShardClockDependencies {
  readonly membership: Membership;
  readonly tls: Live<PeerTls>;
  /** The name of this shard. */
  readonly own: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Compares a shard's clock with those of the other shards that are alive and of the cache-servers,
 * for as long as it is not disposed.
 */
export function monitorClock({ membership, tls, own, clock, log }: ShardClockDependencies): ClockMonitor {
  const clients = new Map<string, RpcClient<typeof ClockService>>();

  function addresses(): ReadonlyMap<string, string> {
    const state = membership.current();
    const others = state.shards.filter(({ name, alive }) => alive && name !== own);
    return new Map([...others, ...cacheServersOf(state)].map(({ name, rpcAddress }) => [rpcAddress, name]));
  }

  function peers(): readonly PeerClock[] {
    const now = addresses();
    for (const [address, client] of clients) {
      if (now.has(address)) continue;
      client[Symbol.dispose]();
      clients.delete(address);
    }
    return [...now].map(([address, name]) => {
      let client = clients.get(address);
      if (client === undefined) {
        client = createServiceClient(ClockService, address, { tls, kinds: ['shard', 'cache-server'], name });
        clients.set(address, client);
      }
      const { readClock } = client.call;
      return { name, read: async (signal) => (await readClock({}, { signal })).now };
    });
  }

  const monitor = createClockMonitor({
    clock,
    peers,
    onChange(fault) {
      if (fault === undefined) log.warn('the clock is right again: requests are served');
      else log.error({ clocks: monitor.peers() }, `${fault}: requests are refused until it is right`);
    },
  });
  return {
    ...monitor,
    [Symbol.dispose]() {
      monitor[Symbol.dispose]();
      for (const client of clients.values()) client[Symbol.dispose]();
    },
  };
}
