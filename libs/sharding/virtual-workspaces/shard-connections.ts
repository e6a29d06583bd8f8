/**
 * The shards of the installation, as a replica of the virtual workspaces asks them: for progress by
 * gRPC, for objects by their API.
 */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import type { Backends } from '../backends/backends.ts';
import type { ProgressAsker } from '../feed/progress-asker.ts';
import { createProgressAsker } from '../feed/progress-asker.ts';
import type { Membership, ShardRecord } from '../membership/membership.ts';
import type { ProgressRequester } from '../merge/progress-requester.ts';
import { createProgressRequester } from '../merge/progress-requester.ts';
import type { ShardProgress } from '../merge/shard-progress.ts';

export type ShardsMembership = Pick<
  Membership,
  'current' | 'follow' | 'silentForMs' | 'refresh' | 'exclude' | 'readmit'
>;

export interface ShardConnections extends Disposable {
  readonly membership: ShardsMembership;
  readonly backends: Backends;
  readonly progressRequester: ProgressRequester;
  byName(name: string): ShardRecord | undefined;
}

export interface ShardConnectionsDependencies {
  readonly membership: ShardsMembership;
  readonly backends: Backends;
  readonly clock: Clock;
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
}

/** A shard that does not answer for this long is not reachable. */
const askMs = 2_000;

interface ProgressConnection extends Disposable {
  readonly asker: ProgressAsker;
}

export function createShardConnections({
  membership,
  backends,
  clock,
  connect,
}: ShardConnectionsDependencies): ShardConnections {
  const connections = new Map<string, ProgressConnection>();

  function open(rpcAddress: string): ProgressConnection {
    const client = connect(rpcAddress);
    const asker = createProgressAsker({ call: client.call, clock, timeoutMs: askMs });
    return {
      asker,
      [Symbol.dispose]() {
        asker[Symbol.dispose]();
        client[Symbol.dispose]();
      },
    };
  }

  async function askProgress({ rpcAddress }: ShardRecord, past: Revision): Promise<ShardProgress> {
    let connection = connections.get(rpcAddress);
    if (connection === undefined) {
      connection = open(rpcAddress);
      connections.set(rpcAddress, connection);
    }
    const { progress, lastRevision } = await connection.asker.ask(past);
    return { progress, last: lastRevision };
  }

  const following = membership.follow(({ shards }) => {
    const used = new Set(shards.map(({ rpcAddress }) => rpcAddress));
    for (const [address, connection] of connections) {
      if (used.has(address)) continue;
      connections.delete(address);
      connection[Symbol.dispose]();
    }
  });
  return {
    membership,
    backends,
    progressRequester: createProgressRequester(askProgress, clock),
    byName: (name) => membership.current().shards.find((shard) => shard.name === name),
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      for (const connection of connections.values()) connection[Symbol.dispose]();
    },
  };
}
