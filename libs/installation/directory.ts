/**
 * Where everything in an installation is: which shard a path or cluster is on, and how each service is reached. A view over the feeds of all shards, which
 * goes on answering when any of them cannot be reached.
 */
import type { Clock } from '@kcp-ts/base';
import { processMemory, releaseMemory } from '@kcp-ts/base';
import { FeedService } from '@kcp-ts/proto';
import type { FeedSink, RegisterState, ServiceKind } from '@kcp-ts/replication';
import { cacheServersOf, createFeedFollower, joinSinks } from '@kcp-ts/replication';
import { createRpcClient } from '@kcp-ts/rpc';
import type { PathIndex, Placement } from '@kcp-ts/workspace-index';
import { createPathIndex, pathIndexSink } from '@kcp-ts/workspace-index';
import type { Logger } from 'pino';
import type { Connections } from './connections.ts';
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
   * Resolves when everything that the shards have committed before the call is known here, to those that could not be asked, the ones that are down among them;
   * to undefined where it failed. Whoever asks while one is under way shares the next.
   */
  unheard(): Promise<ReadonlySet<string> | undefined>;
  shard(name: string): Backend | undefined;
  shards(): readonly Backend[];
  services(kind: ServiceKind): readonly Backend[];
  /** Takes everything of a shard anew, some seconds from now: a sink has lost some of it. */
  retake(shard: string): void;
  isReady(): boolean;
  ready(): Promise<void>;
  state(): RegisterState;
}

/** What is asked of a directory to be sure that there is no such workspace. */
export interface Confirming extends Pick<Directory, 'resolve' | 'unheard'> {
  readonly index: Pick<PathIndex, 'witnessOf'>;
}

/**
 * Where a workspace is, once all shards have been asked for what is not known here; `unknown` where there is none for sure. Undefined where nobody can say: one
 * that was made in a silent shard's last moments may be heard of when it is back.
 */
export async function confirmPlacement(
  { resolve, unheard, index }: Confirming,
  pathOrName: string,
): Promise<Placement | undefined> {
  const silent = await unheard();
  const found = resolve(pathOrName);
  if (found.status !== 'unknown' || silent?.size === 0) return found;
  const witness = index.witnessOf(pathOrName);
  return silent === undefined || witness === undefined || silent.has(witness) ? undefined : found;
}

export interface DirectoryNeeds {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who else hears the feeds. */
  readonly sinks?: readonly FeedSink[] | undefined;
}

/** Resolves when it follows; `ready` says when it knows. */
export async function openDirectory({ connections, clock, log, sinks = [] }: DirectoryNeeds): Promise<Directory> {
  const { register, bus, tls } = connections;
  const index = createPathIndex();
  const follower = await createFeedFollower({
    bus,
    sink: joinSinks([pathIndexSink(index), ...sinks]),
    clock,
    connect: (address) => createRpcClient(FeedService, { addresses: [address], tls }),
    keepers: () => cacheServersOf(register.current()).map(({ rpcAddress }) => rpcAddress),
    onTrouble: (shard, error) => log.warn({ shard, err: error }, 'a shard cannot be followed now'),
  });
  const following = register.follow(({ shards }) => follower.setShards(shards));
  // A view grows and shrinks with what it hears.
  const release = releaseMemory({ clock, operations: () => follower.statistics().messages, ...processMemory() });
  return {
    index,
    resolve: (pathOrName) => index.resolve(pathOrName),
    unheard: sharedConfirm(() => follower.unheard()),
    shard: (name) => register.current().shards.find((shard) => shard.name === name),
    shards: () => register.current().shards,
    services: (kind) =>
      register
        .current()
        .services.filter((service) => service.kind === kind)
        .map(({ name, baseUrl }) => ({ name, baseUrl, alive: true })),
    retake: (shard) => follower.retake(shard),
    isReady: () => register.current().shards.length > 0 && follower.isReady(),
    ready: () => follower.ready(),
    state: () => register.current(),
    async [Symbol.asyncDispose]() {
      release[Symbol.dispose]();
      following[Symbol.dispose]();
      await follower[Symbol.asyncDispose]();
    },
  };
}
