/** The shards of the installation, as this service asks them: progress by gRPC, content by their API. */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import type {
  Backends,
  Membership,
  ProgressAsker,
  ProgressRequester,
  ShardProgress,
  ShardRecord,
} from '@kcp-ts/sharding';
import { createProgressAsker, createProgressRequester } from '@kcp-ts/sharding';

export type ShardsMembership = Pick<
  Membership,
  'current' | 'follow' | 'silentForMs' | 'refresh' | 'exclude' | 'readmit'
>;

export interface Shards extends Disposable {
  readonly membership: ShardsMembership;
  readonly backends: Backends;
  readonly progressRequester: ProgressRequester<ShardRecord>;
  byName(name: string): ShardRecord | undefined;
}

export interface ShardsDependencies {
  readonly membership: ShardsMembership;
  readonly backends: Backends;
  readonly clock: Clock;
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
}

/** A shard that does not answer for this long is not reachable. */
const askMs = 2_000;

interface Line extends Disposable {
  readonly asker: ProgressAsker;
}

export function createShards({ membership, backends, clock, connect }: ShardsDependencies): Shards {
  const lines = new Map<string, Line>();

  function open(rpcAddress: string): Line {
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
    let line = lines.get(rpcAddress);
    if (line === undefined) {
      line = open(rpcAddress);
      lines.set(rpcAddress, line);
    }
    const { progress, lastRevision } = await line.asker.ask(past);
    return { progress, last: lastRevision };
  }

  const following = membership.follow(({ shards }) => {
    const used = new Set(shards.map(({ rpcAddress }) => rpcAddress));
    for (const [address, line] of lines) {
      if (used.has(address)) continue;
      lines.delete(address);
      line[Symbol.dispose]();
    }
  });
  return {
    membership,
    backends,
    progressRequester: createProgressRequester(askProgress, clock),
    byName: (name) => membership.current().shards.find((shard) => shard.name === name),
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      for (const line of lines.values()) line[Symbol.dispose]();
    },
  };
}
