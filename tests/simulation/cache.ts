/**
 * A cache-server: the real copies of all feeds, on a disk that is slow, can be full and outlives
 * its processes. Who cannot ask a shard asks it.
 */

import { create } from '@bufbuild/protobuf';
import { FeedService } from '@kcp-ts/proto';
import type { RpcHandlers } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { FeedConsumer } from '@kcp-ts/sharding';
import { createOrderedWriter, feedReplica, feedReplicaHandler, joinFeedHandlers } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore } from '@kcp-ts/storage';
import { followFeeds, nobody } from './feeds.ts';
import { followMembership } from './membership.ts';
import type { SimProcess } from './process.ts';
import { createProcess, drawSkew } from './process.ts';
import type { CacheIncarnation, Simulation } from './simulation.ts';
import { createCopiesView } from './views.ts';

export interface SimCache {
  readonly host: string;
  /** Whether nothing can be written. */
  full: boolean;
  /** The newest process, whatever has become of it. */
  life(): CacheIncarnation;
  /** All that there were. */
  incarnations(): readonly CacheIncarnation[];
  /** Another process goes on from the disk, where none runs. */
  start(): void;
  /**
   * Keys of a shard with their revisions, as it would say them; why it says nothing, where it does
   * not.
   */
  kept(shard: string): Promise<ReadonlyMap<string, number> | string>;
}

/** The disk as one process has it: what is under way when the process dies never arrives. */
function writtenBy({ time, chance }: Simulation, process: SimProcess, disk: Store, isFull: () => boolean): Store {
  return {
    ...disk,
    commit: (operations) =>
      new Promise((resolve, reject) => {
        time.after(chance.happens(0.05) ? chance.between(20, 400) : chance.between(0.1, 3), () =>
          process.deliver(() => {
            if (isFull()) reject(new Error('no space is left on the disk'));
            else disk.commit(operations).then(resolve, reject);
          }),
        );
      }),
  };
}

export function startCache(simulation: Simulation, host: string): SimCache {
  const { time, chance, rules, caches } = simulation;
  const disk = createMemoryStore({ clock: time.clock() });
  const incarnations: CacheIncarnation[] = [];

  function begin(): CacheIncarnation {
    const address = `${host}/${incarnations.length + 1}`;
    const process = createProcess(time, { host, address, offsetMs: drawSkew(chance) });
    const membership = followMembership(simulation, process);
    const store = writtenBy(simulation, process, disk, () => cache.full);
    let feedConsumer: FeedConsumer | undefined;
    const writer = createOrderedWriter(store, (shard) => feedConsumer?.resync(shard));
    const copies = createCopiesView(simulation, address);
    const feedHandler = joinFeedHandlers([feedReplicaHandler(store, writer), copies.feedHandler]);
    let feed: RpcHandlers<typeof FeedService> | undefined;
    const admit = () => undefined;
    void followFeeds(simulation, { process, membership, feedHandler }).then((opened) => {
      feedConsumer = opened;
      // Without the rule what is there is given away, as it is.
      feed = rules.wholeCopies
        ? feedReplica({ store, writer, epoch: address, admit })
        : feedReplica({
            store: { ...store, head: () => undefined },
            writer: { isBroken: () => false },
            epoch: address,
            admit,
          });
    });
    const begun: CacheIncarnation = {
      process,
      membership,
      copies,
      feed() {
        if (feed === undefined) throw new RpcError('unavailable', `${address} does not serve yet`);
        return feed;
      },
    };
    caches.set(address, begun);
    incarnations.push(begun);
    return begun;
  }

  const cache: SimCache = {
    host,
    full: false,
    incarnations: () => incarnations,
    life: () => incarnations.at(-1) ?? begin(),
    start() {
      if (cache.life().process.state() === 'dead') begin();
    },
    async kept(shard) {
      const found = new Map<string, number>();
      try {
        const request = create(FeedService.method.snapshot.input, { shard });
        for await (const { entries = [] } of cache.life().feed().snapshot(request, nobody))
          for (const { key = '', revision = 0 } of entries) found.set(key, revision);
      } catch (thrown) {
        return String(thrown);
      }
      return found;
    },
  };
  cache.life();
  return cache;
}
