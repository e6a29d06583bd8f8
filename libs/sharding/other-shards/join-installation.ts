/**
 * A shard of several: it joins the membership, publishes its feed, follows everybody else's, and
 * answers what other services ask by gRPC. What it knows of the others is a view, which it goes on
 * working with when any of them cannot be reached.
 */

import type { Revision } from '@kcp-ts/api';
import type { Clock, Live, Random } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import { FeedService, ShardService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import type { Store } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import type { LogicalCluster, RootExport } from '@kcp-ts/tenancy';
import { isLogicalClusterKey, logicalClustersPrefix, rootIdentitiesIn } from '@kcp-ts/tenancy';
import { createChange } from '@kcp-ts/watch';
import type { Logger } from 'pino';
import type { ClockMonitor } from '../clocks/clock-monitor.ts';
import { createEntryView, joinFeedHandlers } from '../feed/entry-view.ts';
import type { FeedHandler } from '../feed/feed.ts';
import { createFeedConsumer } from '../feed/feed-consumer.ts';
import type { FeedConsumer } from '../feed/feed-consumer-interface.ts';
import { createFeedProjection, isCopiedKey } from '../feed/feed-contents.ts';
import type { FeedPublisher } from '../feed/feed-publisher.ts';
import { createFeedPublisher } from '../feed/feed-publisher.ts';
import { feedService } from '../feed/feed-service.ts';
import type { ReceivedRevisions } from '../feed/received-revisions.ts';
import { receiveRevisions } from '../feed/received-revisions.ts';
import { createPathIndex, pathIndexHandler } from '../locator/path-index.ts';
import type { PeerTls } from '../membership/connections.ts';
import type { JoinedRpc } from '../membership/join.ts';
import type { Membership, ShardRecord } from '../membership/membership.ts';
import { cacheServersOf } from '../membership/membership.ts';
import { admitFeedConsumers, createServiceClient } from '../membership/service-callers.ts';
import type { ClusterRequests } from '../requests/cluster-requests.ts';
import type { FindServiceAccount } from '../requests/shard-service.ts';
import { shardRequestsByRpc, shardService } from '../requests/shard-service.ts';
import { isFreshView } from './freshness.ts';
import type { OtherShards, OwnerWorkspace } from './other-shards.ts';

export interface InstallationOptions {
  readonly membership: Membership;
  /** As the membership has it. */
  readonly own: ShardRecord;
  readonly bus: Bus;
  readonly store: Store;
  readonly tls: Live<PeerTls>;
  readonly rpc: JoinedRpc;
  readonly clock: Clock;
  /** Nothing is done for others while it says that our clock is wrong. */
  readonly clocks: Pick<ClockMonitor, 'fault'>;
  readonly random: Random;
  readonly log: Logger;
  /** What `root` exports. */
  readonly rootExports: readonly Pick<RootExport, 'name'>[];
  /** Whether this shard has a service account. */
  readonly findServiceAccount: FindServiceAccount;
}

export interface Installation {
  readonly otherShards: OtherShards;
  readonly feedConsumer: FeedConsumer;
  readonly publisher: FeedPublisher;
  readonly received: Pick<ReceivedRevisions, 'refused'>;
  /** From now on what other shards ask of this one is done. */
  takeRequests(requests: ClusterRequests): void;
  /**
   * Called when other services request progress past a revision: all watches get the progress at
   * once.
   */
  onProgressRequest(requestProgress: (past: Revision) => Promise<Revision>): void;
  /** Ends it; calls of others that are under way have so long to end. */
  close(drainMs: number): Promise<void>;
}

export interface OtherShardsView {
  readonly otherShards: Omit<
    OtherShards,
    'requests' | 'load' | 'isFresh' | 'isComplete' | 'catchUp' | 'hasServiceAccount'
  >;
  readonly feedHandler: FeedHandler;
}

/** What is kept of other shards' feeds. */
export function createOtherShardsView(): OtherShardsView {
  const index = createPathIndex();
  const view = createEntryView({ keep: isCopiedKey });
  const ownerListeners = new Set<(owner: OwnerWorkspace) => void>();
  function tellOwner(key: string, value: Uint8Array | undefined): void {
    if (ownerListeners.size === 0 || !isLogicalClusterKey(key)) return;
    const before = index.cluster(
      key.slice(logicalClustersPrefix.length, key.indexOf('/', logicalClustersPrefix.length)),
    );
    const owner: Partial<OwnerWorkspace> | undefined =
      value === undefined
        ? before === undefined
          ? undefined
          : {
              ...(before.parent === undefined ? {} : { cluster: before.parent }),
              ...(before.name === undefined ? {} : { name: before.name }),
            }
        : parseStored<LogicalCluster>(value).spec?.owner;
    const { cluster, name } = owner ?? {};
    if (cluster === undefined || name === undefined) return;
    for (const listener of ownerListeners) listener({ cluster, name });
  }
  return {
    feedHandler: joinFeedHandlers([view, pathIndexHandler(index, (_shard, { key, value }) => tellOwner(key, value))]),
    otherShards: {
      index,
      objects: view,
      onChanges: (listener) => view.onEvents((events) => listener(events.map(createChange))),
      onOwnedCluster(listener) {
        ownerListeners.add(listener);
        return { [Symbol.dispose]: () => void ownerListeners.delete(listener) };
      },
    },
  };
}

/** How many logical clusters this shard has. */
async function countClusters(store: Store): Promise<{ readonly count: () => number; readonly following: Disposable }> {
  let count = 0;
  const following = store.subscribe((events) => {
    for (const { key, type, previous } of events) {
      if (!isLogicalClusterKey(key)) continue;
      if (type === 'delete') count--;
      else if (previous === undefined) count++;
    }
  });
  count += await store.count({ prefix: logicalClustersPrefix });
  return { count: () => count, following };
}

/**
 * Clients of other shards, by name, for as long as they are in the membership under the same
 * address.
 */
function createClients(membership: Membership, tls: Live<PeerTls>) {
  const clients = new Map<string, { readonly address: string; readonly client: RpcClient<typeof ShardService> }>();
  return {
    of(shard: string): RpcClient<typeof ShardService> | undefined {
      const address = membership.current().shards.find(({ name }) => name === shard)?.rpcAddress;
      const known = clients.get(shard);
      if (known !== undefined && known.address === address) return known.client;
      known?.client[Symbol.dispose]();
      clients.delete(shard);
      if (address === undefined) return undefined;
      const client = createServiceClient(ShardService, address, { tls, kinds: ['shard'], name: shard });
      clients.set(shard, { address, client });
      return client;
    },
    [Symbol.dispose]() {
      for (const { client } of clients.values()) client[Symbol.dispose]();
    },
  };
}

/** Resolves when the shard can be followed; what it follows itself is brought in meanwhile. */
// check-allow function-length -- it joins the parts of a shard, one after the other
export async function joinInstallation(options: InstallationOptions): Promise<Installation> {
  const { membership, own, bus, store, tls, clock, random, log } = options;
  const epoch = random.uuid();
  const shard = { name: own.name, number: own.number };
  const { project, prefixes } = createFeedProjection(() => rootIdentitiesIn(store, options.rootExports));
  const publisher = createFeedPublisher({ store, bus, shard, epoch, project, clock });
  let requests: ClusterRequests | undefined;
  let requestProgress = (past: Revision): Promise<Revision> => {
    store.observe(past);
    return store.progress(past);
  };
  options.rpc.feed.serve(
    feedService({
      store,
      shard: own.name,
      epoch,
      project,
      get prefixes() {
        return prefixes();
      },
      lastRevision: publisher.lastRevision,
      requestProgress: (past) => requestProgress(past),
      admit: admitFeedConsumers,
    }),
  );
  // A shard that must not serve does nothing for others either.
  options.rpc.shard.serve(
    shardService(() => (options.clocks.fault() === undefined ? requests : undefined), options.findServiceAccount),
  );
  const known = createOtherShardsView();
  const received = receiveRevisions(store, (name, revision) =>
    log.error(
      { shard: name, revision },
      'a shard is more than a second ahead of this one’s clock, and is not followed there',
    ),
  );
  const clients = createClients(membership, tls);
  const clusters = await countClusters(store);
  const feedConsumer = await createFeedConsumer({
    bus,
    feedHandler: joinFeedHandlers([known.feedHandler, received.feedHandler]),
    clock,
    connect: (address) => createServiceClient(FeedService, address, { tls, kinds: ['shard', 'cache-server'] }),
    replicas: () => cacheServersOf(membership.current()).map(({ rpcAddress }) => rpcAddress),
    onTrouble: (name, error) => log.warn({ shard: name, err: error }, 'a shard cannot be followed now'),
  });
  const following = membership.follow(({ shards }) =>
    feedConsumer.setShards(shards.filter(({ name }) => name !== own.name)),
  );
  const recordOf = (name: string) => membership.current().shards.find((record) => record.name === name);
  const otherShards: OtherShards = {
    ...known.otherShards,
    requests: shardRequestsByRpc({ ownShard: own.name, client: clients.of }),
    load(name) {
      if (name === own.name) return clusters.count();
      const record = recordOf(name);
      return record?.alive === true && record.excludedAt === undefined
        ? known.otherShards.index.clusters(name)
        : undefined;
    },
    isFresh(cluster) {
      const shard = known.otherShards.index.cluster(cluster)?.shard;
      return isFreshView({
        shard,
        alive: shard !== undefined && recordOf(shard)?.alive === true,
        membershipSilentMs: membership.silentForMs(),
        ageMs: shard === undefined ? undefined : feedConsumer.ageMs(shard),
      });
    },
    isComplete(parent) {
      const holder = known.otherShards.index.cluster(parent)?.shard;
      if (holder !== undefined) return feedConsumer.isFollowed(holder);
      // Nobody is known to have it: any of the others may.
      return membership.current().shards.every(({ name }) => name === own.name || feedConsumer.isFollowed(name));
    },
    catchUp: () => feedConsumer.catchUp(),
    async hasServiceAccount({ cluster, namespace, name, uid }) {
      const client = clients.of(known.otherShards.index.cluster(cluster)?.shard ?? '');
      if (client === undefined) return false;
      const { found } = await client.call.findServiceAccount({ cluster, namespace, name, uid });
      return found;
    },
  };
  return {
    otherShards,
    feedConsumer,
    publisher,
    received,
    takeRequests(taken) {
      requests = taken;
    },
    onProgressRequest(better) {
      requestProgress = better;
    },
    async close(drainMs) {
      following[Symbol.dispose]();
      await feedConsumer[Symbol.asyncDispose]();
      clusters.following[Symbol.dispose]();
      publisher[Symbol.dispose]();
      clients[Symbol.dispose]();
      await options.rpc.close({ drainMs });
    },
  };
}
