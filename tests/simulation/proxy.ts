/** A front-proxy: the real router over an index that it keeps from the feeds. */
import type { Target } from '@kcp-ts/front-proxy';
import { createRouter } from '@kcp-ts/front-proxy';
import { sharedConfirm } from '@kcp-ts/installation';
import type { FeedFollower } from '@kcp-ts/replication';
import { joinSinks } from '@kcp-ts/replication';
import { createPathIndex, pathIndexSink } from '@kcp-ts/workspace-index';
import { followFeeds } from './feeds.ts';
import type { SimProcess } from './process.ts';
import { createProcess, drawSkew } from './process.ts';
import type { SimRegister } from './register.ts';
import { followRegister } from './register.ts';
import { createCopiesView } from './views.ts';
import type { CopiesView, World } from './world.ts';

export interface SimProxy {
  readonly process: SimProcess;
  readonly register: SimRegister;
  /** It keeps copies as well, as a cache-server does. */
  readonly copies: CopiesView;
  readonly follower: FeedFollower;
  /** Where it sends a request for a path. */
  route(path: string): Promise<Target>;
  /** Where its index has a path, without asking anybody. */
  placed(path: string): string | undefined;
}

export async function startProxy(world: World, host: string): Promise<SimProxy> {
  const { time, chance, rules } = world;
  const process = createProcess(time, { host, offsetMs: drawSkew(chance) });
  const register = followRegister(world, process);
  const copies = createCopiesView(world, host);
  const index = createPathIndex();
  const sink = joinSinks([pathIndexSink(index), copies.sink]);
  const follower = await followFeeds(world, { process, register, sink });
  const { route } = createRouter({
    directory: {
      index,
      resolve: (path) => index.resolve(path),
      shard: (name) => register.current().shards.find((shard) => shard.name === name),
      services: () => [],
      unheard: rules.confirmUnknown ? sharedConfirm(() => follower.unheard()) : () => Promise.resolve(new Set()),
    },
    rootShard: 'shard-1',
    mappings: [],
  });
  return {
    process,
    register,
    copies,
    follower,
    route: async (path) => route({ url: `/clusters/${path}/api`, headers: {} } as Parameters<typeof route>[0]),
    placed(path) {
      const found = index.resolve(path);
      return found.status === 'found' ? `${found.cluster} on ${found.shard}` : undefined;
    },
  };
}
