/**
 * Follows the feeds of all shards: the bus brings what is new, and whatever it loses is fetched from the shard. What is known of a shard is complete up to
 * one number; a message that follows on it moves it, a message that does not shows that something is missing.
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import type { Revision } from '@kcp-ts/meta';
import { revisionZero } from '@kcp-ts/meta';
import { FeedMessageSchema, type FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { FeedShard, FeedSink } from './feed.ts';
import { feedSubject, fromMessage } from './feed.ts';

/** A shard as the register knows it. */
export interface FollowedShard extends FeedShard {
  readonly rpcAddress: string;
  readonly alive: boolean;
}

export interface FeedFollowerOptions {
  readonly bus: Bus;
  readonly sink: FeedSink;
  readonly clock: Clock;
  /** A client that this follower gives back. */
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
  /** Addresses of those who keep copies of all feeds, for when a shard cannot be asked. */
  keepers(): readonly string[];
  /** One line about a shard that cannot be followed now. */
  onTrouble?(shard: string, error: unknown): void;
}

export interface FeedFollower extends AsyncDisposable {
  /** The shards that there are now. */
  setShards(shards: readonly FollowedShard[]): void;
  /** Resolves when every shard that lives, and each that is down and somebody keeps, has been brought in once. */
  ready(): Promise<void>;
  isReady(): boolean;
  /** Milliseconds since a shard was last known to be complete; undefined for one that was never brought in. */
  ageMs(shard: string): number | undefined;
  /** Resolves when everything that the living shards had committed before the call is in the sink; false where one could not be asked. */
  catchUp(): Promise<boolean>;
  /** For metrics. */
  statistics(): {
    readonly messages: number;
    readonly gaps: number;
    readonly fetches: number;
    readonly snapshots: number;
  };
}

type Message = ReturnType<typeof decode>;

function decode(bytes: Uint8Array) {
  return fromBinary(FeedMessageSchema, bytes);
}

const retryMsMin = 50;
const retryMsMax = 1_000;
/** A shard that says nothing for this long is asked: it says its progress once a second. */
const silentMs = 1_500;
const heldMessagesMax = 2_000;
const callMs = 5_000;

interface Followed {
  shard: FollowedShard;
  client: RpcClient<typeof FeedService>;
  /** Everything up to it is in the sink; undefined before the first snapshot. */
  complete: Revision | undefined;
  completeAtMs: number;
  /** A fetch or snapshot is under way; messages wait for it. */
  working: Promise<boolean> | undefined;
  held: Message[];
  retryMs: number;
  retry: Disposable | undefined;
  removed: boolean;
}

export async function createFeedFollower(options: FeedFollowerOptions): Promise<FeedFollower> {
  const follower = new Follower(options);
  await follower.open();
  return follower;
}

class Follower implements FeedFollower {
  readonly #options: FeedFollowerOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #counters = { messages: 0, gaps: 0, fetches: 0, snapshots: 0 };
  readonly #waiters = new Set<() => void>();
  readonly #over = new AbortController();
  #subscription: Disposable | undefined;
  #watchdog: Disposable | undefined;
  #known = false;

  constructor(options: FeedFollowerOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#subscription = await this.#options.bus.subscribe(feedSubject('*'), {
      message: (_subject, bytes) => this.#hear(decode(bytes)),
      gap: () => this.#askAll(),
      state: (up) => {
        if (up) this.#askAll();
      },
    });
    this.#watch();
  }

  #watch(): void {
    this.#watchdog = this.#options.clock.setTimer(silentMs / 2, () => {
      const now = this.#options.clock.monotonic();
      for (const followed of this.#followed.values())
        if (followed.complete !== undefined && followed.shard.alive && now - followed.completeAtMs > silentMs)
          void this.#bring(followed);
      this.#watch();
    });
  }

  #askAll(): void {
    for (const followed of this.#followed.values()) if (followed.shard.alive) void this.#bring(followed);
  }

  setShards(shards: readonly FollowedShard[]): void {
    this.#known = true;
    for (const shard of shards) {
      const followed = this.#followed.get(shard.name);
      if (followed === undefined) {
        this.#add(shard);
        continue;
      }
      const moved = followed.shard.rpcAddress !== shard.rpcAddress;
      const back = shard.alive && !followed.shard.alive;
      followed.shard = shard;
      if (moved) {
        followed.client[Symbol.dispose]();
        followed.client = this.#options.connect(shard.rpcAddress);
      }
      if (moved || back) void this.#bring(followed);
    }
    const names = new Set(shards.map(({ name }) => name));
    for (const [name, followed] of this.#followed) if (!names.has(name)) this.#remove(name, followed);
    this.#settle();
  }

  #add(shard: FollowedShard): void {
    const followed: Followed = {
      shard,
      client: this.#options.connect(shard.rpcAddress),
      complete: undefined,
      completeAtMs: 0,
      working: undefined,
      held: [],
      retryMs: retryMsMin,
      retry: undefined,
      removed: false,
    };
    this.#followed.set(shard.name, followed);
    void this.#bring(followed);
  }

  #remove(name: string, followed: Followed): void {
    followed.removed = true;
    followed.retry?.[Symbol.dispose]();
    followed.client[Symbol.dispose]();
    this.#followed.delete(name);
    this.#options.sink.removed(name);
  }

  #hear(message: Message): void {
    this.#counters.messages++;
    const followed = this.#followed.get(message.shard);
    if (followed === undefined) return;
    if (followed.working !== undefined || followed.complete === undefined) {
      // What does not fit is missed, and its absence will show.
      if (followed.held.length < heldMessagesMax) followed.held.push(message);
      return;
    }
    this.#take(followed, message);
  }

  #take(followed: Followed, message: Message): void {
    const complete = followed.complete ?? revisionZero;
    if (message.previous > complete || (message.byReference && message.progress > complete)) {
      this.#counters.gaps++;
      void this.#bring(followed);
      return;
    }
    const entries = message.entries.filter(({ revision }) => revision > complete).map(fromMessage);
    if (entries.length > 0) this.#options.sink.apply(followed.shard, entries);
    this.#advance(followed, message.progress);
  }

  #advance(followed: Followed, progress: number): void {
    if (followed.complete === undefined || progress > followed.complete) followed.complete = progress as Revision;
    followed.completeAtMs = this.#options.clock.monotonic();
  }

  /** Brings a shard's state up to what it is now; one at a time. Resolves to whether that was possible. */
  #bring(followed: Followed): Promise<boolean> {
    if (followed.working !== undefined) return followed.working;
    followed.retry?.[Symbol.dispose]();
    followed.retry = undefined;
    const working = this.#bringNow(followed).then((done) => {
      followed.working = undefined;
      if (followed.removed || this.#over.signal.aborted) return false;
      const held = followed.held;
      followed.held = [];
      if (followed.complete !== undefined) for (const message of held) this.#take(followed, message);
      if (done) followed.retryMs = retryMsMin;
      else this.#tryLater(followed);
      this.#settle();
      return done;
    });
    followed.working = working;
    return working;
  }

  #tryLater(followed: Followed): void {
    followed.retry = this.#options.clock.setTimer(followed.retryMs, () => void this.#bring(followed));
    followed.retryMs = Math.min(retryMsMax, followed.retryMs * 2);
  }

  async #bringNow(followed: Followed): Promise<boolean> {
    try {
      if (followed.complete === undefined) await this.#snapshot(followed, followed.client);
      else await this.#fetch(followed, followed.complete);
      return true;
    } catch (thrown) {
      if (followed.removed || this.#over.signal.aborted) return false;
      if (thrown instanceof RpcError && thrown.code === 'out-of-range') {
        // What we have of it stays until the snapshot says otherwise.
        return this.#snapshot(followed, followed.client).then(
          () => true,
          () => false,
        );
      }
      this.#options.onTrouble?.(followed.shard.name, thrown);
      return followed.complete === undefined && (await this.#fromKeepers(followed));
    }
  }

  async #snapshot(followed: Followed, client: RpcClient<typeof FeedService>): Promise<void> {
    this.#counters.snapshots++;
    const shard = followed.shard.name;
    let snapshot: ReturnType<FeedSink['begin']> | undefined;
    let revision = 0;
    for await (const reply of client.call.snapshot({ shard }, { signal: this.#over.signal })) {
      if (followed.removed) return;
      snapshot ??= this.#options.sink.begin(followed.shard);
      revision = reply.revision;
      snapshot.add(reply.entries.map(fromMessage));
    }
    if (snapshot === undefined) throw new RpcError('unavailable', `${shard} gave an empty answer`);
    snapshot.end();
    followed.complete = revision as Revision;
    followed.completeAtMs = this.#options.clock.monotonic();
  }

  async #fetch(followed: Followed, after: Revision): Promise<void> {
    this.#counters.fetches++;
    const shard = followed.shard.name;
    const options = { signal: this.#over.signal, timeoutMs: callMs };
    for await (const reply of followed.client.call.fetch({ shard, after }, options)) {
      if (followed.removed) return;
      const complete = followed.complete ?? after;
      const entries = reply.entries.filter(({ revision }) => revision > complete).map(fromMessage);
      if (entries.length > 0) this.#options.sink.apply(followed.shard, entries);
      this.#advance(followed, reply.progress);
    }
  }

  /** A shard that is down, as somebody keeps it. */
  async #fromKeepers(followed: Followed): Promise<boolean> {
    for (const address of this.#options.keepers()) {
      using client = this.#options.connect(address);
      const done = await this.#snapshot(followed, client).then(
        () => true,
        () => false,
      );
      if (done) return true;
    }
    return false;
  }

  isReady(): boolean {
    return this.#known && [...this.#followed.values()].every(({ complete }) => complete !== undefined);
  }

  #settle(): void {
    if (!this.isReady()) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }

  ready(): Promise<void> {
    return this.isReady() ? Promise.resolve() : new Promise((resolve) => void this.#waiters.add(resolve));
  }

  ageMs(shard: string): number | undefined {
    const followed = this.#followed.get(shard);
    if (followed?.complete === undefined) return undefined;
    return this.#options.clock.monotonic() - followed.completeAtMs;
  }

  async catchUp(): Promise<boolean> {
    const living = [...this.#followed.values()].filter(({ shard }) => shard.alive);
    const asked = living.map(async (followed) => {
      // One that is under way may have asked before the call.
      await followed.working;
      return this.#bring(followed);
    });
    return (await Promise.all(asked)).every(Boolean);
  }

  statistics(): ReturnType<FeedFollower['statistics']> {
    return { ...this.#counters };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    this.#subscription?.[Symbol.dispose]();
    this.#watchdog?.[Symbol.dispose]();
    for (const followed of this.#followed.values()) {
      followed.retry?.[Symbol.dispose]();
      await followed.working;
      followed.client[Symbol.dispose]();
    }
  }
}
