/**
 * A shard with its whole API: composed as the program composes it, over the simulated disk,
 * network, bus and membership.
 */

import type { Revision, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Random } from '@kcp-ts/base';
import type { Peer } from '@kcp-ts/http';
import { rootExports } from '@kcp-ts/kinds';
import type { Shard } from '@kcp-ts/shard';
import { composeShard } from '@kcp-ts/shard';
import type { ClusterRequests, OtherShards } from '@kcp-ts/sharding';
import { createFeedProjection, createOtherShardsView, joinFeedHandlers } from '@kcp-ts/sharding';
import type { ClusterRequest, ShardRequests } from '@kcp-ts/tenancy';
import { rootIdentitiesIn } from '@kcp-ts/tenancy';
import { followFeeds, observingHandler } from '../feeds.ts';
import { publishFeed } from '../shard.ts';
import type { Serve, ServeDependencies, ShardIncarnation, Simulation } from '../simulation.ts';
import type { Chance } from '../virtual-time.ts';
import type { SimServer } from './exchange.ts';
import type { ApiRules } from './rules.ts';
import { withoutRules } from './without-rules.ts';

/** The shard that holds root. */
export const rootShard = 'shard-1';

/** Who a connection is of. */
export const servicePeer: Peer = { address: 'service', port: 0, authorized: true };
export const clientPeer: Peer = { address: 'client', port: 0, authorized: false };

/** Says who asks; in an installation that is a certificate or an assertion. */
export const userHeader = 'authorization';

export const users: Readonly<Record<string, UserInfo>> = {
  admin: { name: 'admin', groups: ['system:masters', 'system:authenticated'] },
  provider: { name: 'provider', groups: ['system:authenticated'] },
  ann: { name: 'ann', groups: ['system:authenticated'] },
};

export function chanceRandom(chance: Chance): Random {
  const bytes = (length: number) => Uint8Array.from({ length }, () => chance.integer(256));
  return {
    bytes,
    uuid() {
      const hex = Buffer.from(bytes(16)).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join(
        '-',
      );
    },
    integer: (below) => chance.integer(below),
  };
}

const requestMs = 5_000;
const url = 'https://kcp.example';

/** Requests to other shards, by the network. */
function requestsToOtherShards(
  { network, shards, incarnations }: Simulation,
  { process, membership, record }: ServeDependencies,
): ShardRequests {
  function call<Answer>(name: string, run: (requests: ClusterRequests) => Answer | Promise<Answer>): Promise<Answer> {
    const address = membership.current().shards.find((shard) => shard.name === name)?.rpcAddress ?? '';
    const life = incarnations.get(address);
    if (life === undefined) return Promise.reject(new StatusError('ServiceUnavailable', `nobody is at ${address}`));
    return network.call(process, life.process, requestMs, async () => {
      const requests = life.serving()?.api?.requests;
      if (requests === undefined) throw new StatusError('ServiceUnavailable', `${address} does not serve yet`);
      const answer = await run(requests);
      if (!life.holds()) throw new StatusError('ServiceUnavailable', `${address} does not own its shard any more`);
      return answer;
    });
  }
  return {
    ownShard: record.name,
    knows: (shard) => shards.has(shard),
    async createCluster(shard: string, request: ClusterRequest) {
      const outcome = await call(shard, (requests) => requests.create(request));
      if (outcome.status === 'refused') throw new StatusError('Conflict', outcome.why);
      return outcome.cluster;
    },
    describeCluster: (shard, cluster) => call(shard, (requests) => requests.describe(cluster)),
    deleteCluster: (shard, { cluster, ownerUid }) => call(shard, (requests) => requests.remove(cluster, ownerUid)),
  };
}

function authenticate({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): UserInfo {
  const user = users[String(headers[userHeader])];
  if (user === undefined) throw new StatusError('Unauthorized', 'Unauthorized');
  return user;
}

/** No token is ever made, nor asked about. */
const noTokens = {
  issue: () => Promise.reject(new Error('no tokens are issued')),
  issueForSecret: () => Promise.reject(new Error('no tokens are issued')),
  issuer: url,
  keySet: () => [],
};

/**
 * What is seen to go wrong inside a shard, in words; most of it is what faults are expected to do.
 */
export interface Troubles {
  controller(shard: string, name: string, key: string, error: unknown): void;
  fault(shard: string, error: StatusError): void;
}

export function serveApi(rules: ApiRules, troubles: Troubles): Serve {
  return async (simulation, deps) => {
    const { process, membership, record, view } = deps;
    const { clock } = process;
    const store = withoutRules(rules, deps.store);
    const known = createOtherShardsView();
    const projection = createFeedProjection(() => rootIdentitiesIn(store, rootExports));
    let shard: Shard | undefined;
    const requestProgress = (past: Revision): Promise<Revision> => {
      if (shard !== undefined) return shard.requestProgress(past);
      store.observe(past);
      return store.progress(past);
    };
    const feed = publishFeed(simulation, deps, projection, requestProgress);
    // Others may wait for what it has before its API is there.
    deps.serves({ store, feed, requestProgress });
    const observing = observingHandler((revision) => store.observe(revision));
    const feedHandler = joinFeedHandlers([view.feedHandler, known.feedHandler, observing]);
    const feedConsumer = await followFeeds(simulation, { process, membership, own: record.name, feedHandler });
    const recordOf = (name: string) => membership.current().shards.find((one) => one.name === name);
    const otherShards: OtherShards = {
      ...known.otherShards,
      requests: requestsToOtherShards(simulation, deps),
      load(name) {
        const found = recordOf(name);
        if (name === record.name) return 1;
        return found?.alive === true && found.excludedAt === undefined ? 1 : undefined;
      },
      isFresh: () => true,
      isComplete(parent) {
        const holder = known.otherShards.index.cluster(parent)?.shard;
        if (holder !== undefined) return feedConsumer.isFollowed(holder);
        return membership.current().shards.every(({ name }) => name === record.name || feedConsumer.isFollowed(name));
      },
      catchUp: () => feedConsumer.catchUp(),
      hasServiceAccount: () => Promise.resolve(false),
    };
    shard = await composeShard({
      store,
      clock,
      random: chanceRandom(simulation.chance),
      shardName: record.name,
      shardNumber: record.number,
      otherShards,
      holdsRoot: record.name === rootShard,
      externalUrl: url,
      virtualWorkspaceUrl: url,
      caBundle: '',
      homeWorkspaces: true,
      homeCreatorGroups: ['system:authenticated'],
      tokens: noTokens,
      authenticator: { authenticate, authenticateToken: () => Promise.resolve(undefined) },
      isService: (peer) => peer === servicePeer,
      logFault: (_id, error) => troubles.fault(record.name, error),
      logController: (name, key, error) => troubles.controller(record.name, name, key, error),
    });
    deps.serves({ store, feed, requestProgress, api: shard });
  };
}

function serverOf(life: ShardIncarnation | undefined): SimServer | undefined {
  if (life === undefined) return undefined;
  return { process: life.process, handler: () => life.serving()?.api?.handler, mayAnswer: life.holds };
}

/** The newest process of a shard. */
export function shardServer({ shards }: Simulation, name: string): SimServer | undefined {
  return serverOf(shards.get(name)?.life());
}

/** A process of a shard, as the membership names it. */
export function serverAt({ incarnations }: Simulation, address: string): SimServer | undefined {
  return serverOf(incarnations.get(address));
}
