/** A feed consumer, as those see it who create and use one. */
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import type { FeedHandler, FeedShard } from './feed.ts';

/** A shard as the membership knows it. */
export interface FollowedShard extends FeedShard {
  readonly rpcAddress: string;
  readonly alive: boolean;
}

export interface FeedConsumerOptions {
  readonly bus: Bus;
  readonly feedHandler: FeedHandler;
  readonly clock: Clock;
  /** A client that this feed consumer gives back. */
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
  /** Addresses of those who keep copies of all feeds, for when a shard cannot be asked. */
  replicas(): readonly string[];
  /** One line about a shard that cannot be followed now. */
  onTrouble?(shard: string, error: unknown): void;
}

export interface FeedConsumer extends AsyncDisposable {
  /** The shards that there are now. */
  setShards(shards: readonly FollowedShard[]): void;
  /**
   * Resolves when every shard that is alive has been brought in once, and for each that is down it
   * was tried.
   */
  ready(): Promise<void>;
  isReady(): boolean;
  /**
   * Milliseconds since a shard was last known to be complete: since it promised so, or since the
   * promise was received, whichever is more. Undefined for one that was never brought in.
   */
  ageMs(shard: string): number | undefined;
  /**
   * Resolves when everything that the living shards had committed before the call is in the
   * handler; false where one could not be asked.
   */
  catchUp(): Promise<boolean>;
  /**
   * As `catchUp`, and resolves to the names of those that could not be asked: living ones that do
   * not answer, and all that are down. What is not known here then may exist on one of them, and
   * nowhere else.
   */
  staleShards(): Promise<ReadonlySet<string>>;
  /**
   * Fetches everything of a shard again, some seconds from now: the handler has lost some of it.
   */
  resync(shard: string): void;
  /**
   * Whether what is known of a shard is its own word, and it is alive: what is missing here is not
   * there, but for what is on its way.
   */
  isFollowed(shard: string): boolean;
  /** For metrics. */
  statistics(): {
    readonly messages: number;
    readonly gaps: number;
    readonly fetches: number;
    readonly snapshots: number;
  };
}
