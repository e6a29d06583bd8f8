/** The shards of the installation, as this service asks them: progress by gRPC, content by their API. */
import type { Clock } from '@kcp-ts/base';
import type { Backends } from '@kcp-ts/installation';
import type { Nudger, ShardProgress } from '@kcp-ts/merged';
import { createNudger } from '@kcp-ts/merged';
import type { Revision } from '@kcp-ts/meta';
import { asRevision } from '@kcp-ts/meta';
import type { FeedService } from '@kcp-ts/proto';
import type { Register, ShardRecord } from '@kcp-ts/replication';
import type { RpcClient } from '@kcp-ts/rpc';

export type ShardsRegister = Pick<Register, 'current' | 'follow' | 'silentForMs' | 'exclude' | 'readmit'>;

export interface Shards extends Disposable {
  readonly register: ShardsRegister;
  readonly backends: Backends;
  readonly nudger: Nudger<ShardRecord>;
  byName(name: string): ShardRecord | undefined;
}

export interface ShardsNeeds {
  readonly register: ShardsRegister;
  readonly backends: Backends;
  readonly clock: Clock;
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
}

/** A shard that does not answer for this long is not reachable. */
const askMs = 2_000;

export function createShards({ register, backends, clock, connect }: ShardsNeeds): Shards {
  const clients = new Map<string, RpcClient<typeof FeedService>>();

  function clientOf({ rpcAddress }: ShardRecord): RpcClient<typeof FeedService> {
    let client = clients.get(rpcAddress);
    if (client === undefined) {
      client = connect(rpcAddress);
      clients.set(rpcAddress, client);
    }
    return client;
  }

  async function askProgress(shard: ShardRecord, past: Revision): Promise<ShardProgress> {
    const said = await clientOf(shard).call.progress({ past }, { timeoutMs: askMs });
    return { progress: asRevision(said.progress), last: asRevision(said.lastRevision) };
  }

  const following = register.follow(({ shards }) => {
    const used = new Set(shards.map(({ rpcAddress }) => rpcAddress));
    for (const [address, client] of clients) {
      if (used.has(address)) continue;
      clients.delete(address);
      client[Symbol.dispose]();
    }
  });
  return {
    register,
    backends,
    nudger: createNudger(askProgress, clock),
    byName: (name) => register.current().shards.find((shard) => shard.name === name),
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      for (const client of clients.values()) client[Symbol.dispose]();
    },
  };
}
