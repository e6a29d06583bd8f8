/** ShardService: what shards ask of each other, on both ends. */
import type { ServiceAccount } from '@kcp-ts/authn';
import type { ClusterState } from '@kcp-ts/proto';
import { ShardService } from '@kcp-ts/proto';
import type { RpcCall, RpcClient, RpcService } from '@kcp-ts/rpc';
import { RpcError, serviceOf } from '@kcp-ts/rpc';
import type { ClusterRequest, MadeCluster, ShardRequests } from '@kcp-ts/tenancy';
import { admitServices } from '../membership/service-callers.ts';
import type { ClusterRequests, RequestRefusal } from './cluster-requests.ts';

const refusals: Readonly<Record<RequestRefusal, RpcError>> = {
  taken: new RpcError('already-exists', 'there is a logical cluster of that name'),
  'invalid-name': new RpcError('invalid-argument', 'the name is not one that is drawn for a workspace'),
  'unknown-type': new RpcError('failed-precondition', 'the type of the workspace is not known here'),
  deleting: new RpcError('failed-precondition', 'the logical cluster is being deleted'),
};

function toState({ phase, initializers, terminators, url }: MadeCluster) {
  return { phase, initializers: [...initializers], terminators: [...terminators], url };
}

function fromState({ phase, initializers, terminators, url }: ClusterState): MadeCluster {
  return { phase, initializers, terminators, url };
}

/** Whether an account is in the store of this shard. */
export type FindServiceAccount = (account: ServiceAccount) => boolean;

/**
 * `requests`: undefined until the shard is composed, and while it must not serve; callers get an
 * answer then that has them ask again.
 */
export function shardService(requests: () => ClusterRequests | undefined, find: FindServiceAccount): RpcService {
  function admitted(call: RpcCall): ClusterRequests {
    admitServices(call, ['shard']);
    const found = requests();
    if (found === undefined) throw new RpcError('unavailable', 'the shard does not serve now');
    return found;
  }
  return serviceOf(ShardService, {
    async createCluster({ cluster, path, type, typeCluster, creator, owner, requiredGroups }, call) {
      const extra = Object.entries(creator?.extra ?? {}).map(([key, { values }]) => [key, values] as const);
      const outcome = await admitted(call).create({
        cluster,
        path,
        type,
        typeCluster,
        creator: {
          name: creator?.name ?? '',
          uid: creator?.uid,
          groups: creator?.groups ?? [],
          extra: extra.length === 0 ? undefined : Object.fromEntries(extra),
        },
        owner: { cluster: owner?.cluster ?? '', name: owner?.name ?? '', uid: owner?.uid ?? '' },
        requiredGroups,
      });
      if (outcome.status === 'refused') throw refusals[outcome.why];
      return { state: toState(outcome.cluster) };
    },
    describeCluster({ cluster }, call) {
      const found = admitted(call).describe(cluster);
      return found === undefined ? {} : { state: toState(found) };
    },
    async deleteCluster({ cluster, ownerUid }, call) {
      const outcome = await admitted(call).remove(cluster, ownerUid);
      return outcome.gone ? { gone: true } : { gone: false, message: outcome.message };
    },
    findServiceAccount({ cluster, namespace, name, uid }, call) {
      admitServices(call, ['shard']);
      return { found: find({ cluster, namespace, name, uid }) };
    },
  });
}

export interface ShardRequestsDependencies {
  readonly ownShard: string;
  /** Undefined for a shard that is not in the installation. */
  client(shard: string): RpcClient<typeof ShardService> | undefined;
}

function creatorMessage({ name, uid, groups, extra }: ClusterRequest['creator']) {
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    extra: Object.fromEntries(Object.entries(extra ?? {}).map(([key, values]) => [key, { values: [...values] }])),
  };
}

export function shardRequestsByRpc({ ownShard, client }: ShardRequestsDependencies): ShardRequests {
  function callOf(shard: string) {
    const found = client(shard);
    if (found === undefined) throw new Error(`Cannot ask ${shard}: it is not in the installation`);
    return found.call;
  }
  return {
    ownShard,
    knows: (shard) => shard === ownShard || client(shard) !== undefined,
    async createCluster(shard, { cluster, path, type, typeCluster, creator, owner, requiredGroups }) {
      const { state } = await callOf(shard).createCluster({
        cluster,
        path,
        type,
        ...(typeCluster === undefined ? {} : { typeCluster }),
        creator: creatorMessage(creator),
        owner,
        ...(requiredGroups === undefined ? {} : { requiredGroups }),
      });
      if (state === undefined) throw new Error(`Cannot use the answer of ${shard}: it has no state`);
      return fromState(state);
    },
    async describeCluster(shard, cluster) {
      const { state } = await callOf(shard).describeCluster({ cluster });
      return state === undefined ? undefined : fromState(state);
    },
    async deleteCluster(shard, { cluster, ownerUid }) {
      if (client(shard) === undefined) return { gone: true };
      const { gone, message } = await callOf(shard).deleteCluster({ cluster, ownerUid });
      return gone ? { gone } : { gone: false, message };
    },
  };
}
