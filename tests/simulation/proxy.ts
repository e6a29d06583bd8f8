/** A front-proxy: the real router over an index that it keeps from the feeds. */
import type { FeedConsumer, Route } from '@kcp-ts/sharding';
import { createPathIndex, createRouter, joinFeedHandlers, pathIndexHandler, sharedConfirm } from '@kcp-ts/sharding';
import { followFeeds } from './feeds.ts';
import type { SimMembership } from './membership.ts';
import { followMembership } from './membership.ts';
import type { SimProcess } from './process.ts';
import { createProcess, drawSkew } from './process.ts';
import type { CopiesView, Simulation } from './simulation.ts';
import { createCopiesView } from './views.ts';

export interface SimProxy {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  /** It keeps copies as well, as a cache-server does. */
  readonly copies: CopiesView;
  readonly feedConsumer: FeedConsumer;
  /** Where it sends a request for a path. */
  route(path: string): Promise<Route>;
  /** Where its index has a path, without asking anybody. */
  placed(path: string): string | undefined;
}

export async function startProxy(simulation: Simulation, host: string): Promise<SimProxy> {
  const { time, chance, rules } = simulation;
  const process = createProcess(time, { host, offsetMs: drawSkew(chance) });
  const membership = followMembership(simulation, process);
  const copies = createCopiesView(simulation, host);
  const index = createPathIndex();
  const feedHandler = joinFeedHandlers([pathIndexHandler(index), copies.feedHandler]);
  const feedConsumer = await followFeeds(simulation, { process, membership, feedHandler });
  const { route } = createRouter({
    directory: {
      index,
      resolve: (path) => index.resolve(path),
      shard: (name) => membership.current().shards.find((shard) => shard.name === name),
      services: () => [],
      staleShards: rules.confirmUnknown
        ? sharedConfirm(() => feedConsumer.staleShards())
        : () => Promise.resolve(new Set()),
    },
    rootShard: 'shard-1',
    mappings: () => [],
  });
  return {
    process,
    membership,
    copies,
    feedConsumer,
    route: async (path) => route({ url: `/clusters/${path}/api`, headers: {} } as Parameters<typeof route>[0]),
    placed(path) {
      const found = index.resolve(path);
      return found.status === 'found' ? `${found.cluster} on ${found.shard}` : undefined;
    },
  };
}
