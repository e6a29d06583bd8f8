/**
 * Where everything in an installation is: which shard a path or cluster is on, and how each service
 * is reached. A view over the feeds of all shards, which goes on answering when any of them cannot
 * be reached.
 */
import type { Clock } from '@kcp-ts/base';
import { processMemory, releaseMemory } from '@kcp-ts/base';
import { FeedService } from '@kcp-ts/proto';
import type { Logger } from 'pino';
import { joinFeedHandlers } from '../feed/entry-view.ts';
import type { FeedHandler } from '../feed/feed.ts';
import { createFeedConsumer } from '../feed/feed-consumer.ts';
import type { FeedReport } from '../feed/feed-series.ts';
import type { Connections } from '../membership/connections.ts';
import type { MembershipState, ServiceKind } from '../membership/membership.ts';
import { cacheServersOf } from '../membership/membership.ts';
import { createServiceClient } from '../membership/service-callers.ts';
import type { PathIndex, Placement } from './path-index.ts';
import { createPathIndex, pathIndexHandler } from './path-index.ts';
import { sharedConfirm } from './shared-confirm.ts';

export interface Backend {
  readonly name: string;
  /** `https://host:port`. */
  readonly baseUrl: string;
  readonly alive: boolean;
}

export interface Directory extends AsyncDisposable {
  readonly index: PathIndex;
  resolve(pathOrName: string): Placement;
  /**
   * Resolves when everything that the shards have committed before the call is known here, to those
   * that could not be asked, the ones that are down among them; to undefined where it failed.
   * A caller that asks while one is under way shares the next.
   */
  staleShards(): Promise<ReadonlySet<string> | undefined>;
  shard(name: string): Backend | undefined;
  shards(): readonly Backend[];
  services(kind: ServiceKind): readonly Backend[];
  /** For metrics. */
  readonly feeds: FeedReport;
  /** Fetches everything of a shard again, some seconds from now: a handler has lost some of it. */
  resync(shard: string): void;
  isReady(): boolean;
  ready(): Promise<void>;
  state(): MembershipState;
}

/** What is asked of a directory to be sure that there is no such workspace. */
export interface Confirming extends Pick<Directory, 'resolve' | 'staleShards'> {
  readonly index: Pick<PathIndex, 'oracleOf'>;
}

/**
 * Where a workspace is, once all shards have been asked for what is not known here; `unknown` where
 * there is none for sure. Undefined where nobody can say: one that was made in a silent shard's
 * last moments may be received when it is back.
 */
export async function confirmPlacement(
  { resolve, staleShards, index }: Confirming,
  pathOrName: string,
): Promise<Placement | undefined> {
  const silent = await staleShards();
  const found = resolve(pathOrName);
  if (found.status !== 'unknown' || silent?.size === 0) return found;
  const oracle = index.oracleOf(pathOrName);
  return silent === undefined || oracle === undefined || silent.has(oracle) ? undefined : found;
}

export interface DirectoryDependencies {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Logger;
  /** Other consumers of the feeds. */
  readonly feedHandlers?: readonly FeedHandler[] | undefined;
}

/** Resolves when it follows; `ready` says when it knows. */
export async function openDirectory({
  connections,
  clock,
  log,
  feedHandlers = [],
}: DirectoryDependencies): Promise<Directory> {
  const { membership, bus, tls } = connections;
  const index = createPathIndex();
  const feedConsumer = await createFeedConsumer({
    bus,
    feedHandler: joinFeedHandlers([pathIndexHandler(index), ...feedHandlers]),
    clock,
    connect: (address) => createServiceClient(FeedService, address, { tls, kinds: ['shard', 'cache-server'] }),
    replicas: () => cacheServersOf(membership.current()).map(({ rpcAddress }) => rpcAddress),
    onTrouble: (shard, error) => log.warn({ shard, err: error }, 'a shard cannot be followed now'),
  });
  const following = membership.follow(({ shards }) => feedConsumer.setShards(shards));
  // A view grows and shrinks with what it receives.
  const release = releaseMemory({ clock, operations: () => feedConsumer.statistics().messages, ...processMemory() });
  return {
    index,
    resolve: (pathOrName) => index.resolve(pathOrName),
    staleShards: sharedConfirm(() => feedConsumer.staleShards()),
    shard: (name) => membership.current().shards.find((shard) => shard.name === name),
    shards: () => membership.current().shards,
    services: (kind) =>
      membership
        .current()
        .services.filter((service) => service.kind === kind)
        .map(({ name, baseUrl }) => ({ name, baseUrl, alive: true })),
    feeds: {
      shards: () => membership.current().shards.map(({ name }) => name),
      ageMs: (shard) => feedConsumer.ageMs(shard),
      indexed: () => index.sizes(),
    },
    resync: (shard) => feedConsumer.resync(shard),
    isReady: () => membership.current().shards.length > 0 && feedConsumer.isReady(),
    ready: () => feedConsumer.ready(),
    state: () => membership.current(),
    async [Symbol.asyncDispose]() {
      release[Symbol.dispose]();
      following[Symbol.dispose]();
      await feedConsumer[Symbol.asyncDispose]();
    },
  };
}
