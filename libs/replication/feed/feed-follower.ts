/** All shards' feeds, followed: one subscription on the bus, one follower for each shard that the register knows. */
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import type { Revision } from '@kcp-ts/meta';
import { revisionAt } from '@kcp-ts/storage';
import type { FeedMessage, FeedShard, FeedSink, FeedSource } from './feed.ts';
import { feedSubject, feedSubjects } from './feed-subject.ts';
import type { ShardFollower, ShardFollowerState } from './shard-follower.ts';
import { createShardFollower } from './shard-follower.ts';
import { createSources } from './sources.ts';
import { decodeFeedMessage } from './wire.ts';

/** What the follower must know of a shard; a record of the register is one. */
export interface FollowedShard extends FeedShard {
  /** `host:port`. */
  readonly rpcAddress: string;
  readonly alive: boolean;
}

export interface FeedFollowerNeeds {
  readonly bus: Bus;
  /** The shards to follow; who is a shard leaves itself out. */
  readonly shards: {
    current(): readonly FollowedShard[];
    follow(listener: () => void): Disposable;
  };
  /** Opens what is asked at an address; asked once for each address in use. */
  connect(rpcAddress: string): FeedSource & Disposable;
  /** Addresses of services with copies of feeds, asked where a shard does not answer. */
  fallback(): readonly string[];
  /** Must not throw. */
  readonly sink: FeedSink;
  readonly clock: Clock;
  readonly log?: ((event: Readonly<Record<string, unknown>>, message: string) => void) | undefined;
  /** How long `ready` waits at most; 10,000 when absent. */
  readonly readyMaxMs?: number | undefined;
}

export interface FeedFollower extends AsyncDisposable {
  /** Resolves when every shard known at the start was brought in once, or after the bound. */
  ready(): Promise<void>;
  /** Milliseconds since the shard's promise of progress, by the wall clock or by when it was heard, whichever is more; Infinity where there was none. */
  age(shard: string): number;
  states(): readonly ShardFollowerState[];
  /**
   * Asks the shard for progress past a revision, and resolves when the sink has everything that was committed before the question. False where that
   * cannot be had within 2 s.
   */
  sync(shard: string, past: Revision): Promise<boolean>;
}

/** A feed that says nothing for so long is asked for its progress: messages may be lost wholesale while the bus is down. */
const silenceMaxMs = 2_000;
const lookEveryMs = 1_000;

export async function createFeedFollower(needs: FeedFollowerNeeds): Promise<FeedFollower> {
  const follower = new AllShards(needs);
  await follower.start();
  return follower;
}

interface Followed {
  readonly shard: FeedShard;
  readonly follower: ShardFollower;
  readonly brought: Promise<void>;
}

class AllShards implements FeedFollower {
  readonly #needs: FeedFollowerNeeds;
  readonly #followed = new Map<string, Followed>();
  readonly #sources: ReturnType<typeof createSources>;
  #subscriptions: Disposable[] = [];
  #timer: Disposable | undefined;
  #ready: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(needs: FeedFollowerNeeds) {
    this.#needs = needs;
    this.#sources = createSources(needs.connect);
  }

  async start(): Promise<void> {
    const { bus, shards, clock, readyMaxMs = 10_000 } = this.#needs;
    // Before any snapshot, so that nothing falls between the two.
    const subscription = await bus.subscribe(feedSubjects, {
      message: (subject, bytes) => this.#message(subject, bytes),
      gap: () => this.#doubtAll(),
    });
    this.#subscriptions = [subscription, shards.follow(() => this.#look())];
    this.#look();
    this.#watchSilence();
    const all = Promise.all([...this.#followed.values()].map(({ brought }) => brought));
    this.#ready = new Promise((resolve) => {
      clock.setTimer(readyMaxMs, resolve);
      void all.then(() => resolve());
    });
  }

  #message(subject: string, bytes: Uint8Array): void {
    let message: FeedMessage;
    try {
      message = decodeFeedMessage(bytes);
    } catch (error) {
      this.#needs.log?.({ subject, error }, 'cannot read a message of a feed');
      return;
    }
    const followed = this.#followed.get(message.shard);
    if (followed === undefined) return;
    // Who may publish a subject may speak for that shard and no other.
    if (subject !== feedSubject(message.shard) || message.shardNumber !== followed.shard.number) {
      this.#needs.log?.({ subject, shard: message.shard }, 'a feed speaks for another shard');
      return;
    }
    followed.follower.message(message);
  }

  #doubtAll(): void {
    for (const { follower } of this.#followed.values()) follower.doubt();
  }

  /** The register has changed. */
  #look(): void {
    if (this.#closed) return;
    const shards = this.#needs.shards.current();
    const known = new Map(shards.map((shard) => [shard.name, shard]));
    for (const [name, { shard, follower }] of this.#followed) {
      if (known.get(name)?.number === shard.number) {
        follower.retry();
        continue;
      }
      follower[Symbol.dispose]();
      this.#followed.delete(name);
      this.#needs.sink.removed(shard);
    }
    for (const shard of shards)
      if (!this.#followed.has(shard.name)) this.#followed.set(shard.name, this.#follow(shard));
    this.#sources.keep(new Set([...shards.map(({ rpcAddress }) => rpcAddress), ...this.#needs.fallback()]));
  }

  #follow({ name, number }: FollowedShard): Followed {
    const { sink, clock, log, shards } = this.#needs;
    const shard: FeedShard = { name, number };
    const record = () => shards.current().find((each) => each.name === name);
    const { promise: brought, resolve } = Promise.withResolvers<void>();
    const follower = createShardFollower({
      shard,
      sink,
      clock,
      source: () => {
        const address = record()?.rpcAddress ?? '';
        return address === '' ? undefined : this.#sources.at(address);
      },
      copies: () => this.#needs.fallback().map((address) => this.#sources.at(address)),
      alive: () => record()?.alive ?? false,
      brought: resolve,
      log: (event, message) => log?.(event, message),
    });
    return { shard, follower, brought };
  }

  #watchSilence(): void {
    if (this.#closed) return;
    const now = this.#needs.clock.monotonic();
    for (const { follower } of this.#followed.values()) {
      const { heardAtMs, state } = follower.state();
      if (state === 'following' && now - (heardAtMs ?? 0) > silenceMaxMs) void follower.sync(0 as Revision);
    }
    this.#timer = this.#needs.clock.setTimer(lookEveryMs, () => this.#watchSilence());
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  age(shard: string): number {
    const state = this.#followed.get(shard)?.follower.state();
    if (state?.heardAtMs === undefined) return Number.POSITIVE_INFINITY;
    const { clock } = this.#needs;
    const byClock = (revisionAt(clock.now()) - state.progress) / 1_000;
    return Math.max(0, byClock, clock.monotonic() - state.heardAtMs);
  }

  states(): readonly ShardFollowerState[] {
    return [...this.#followed.values()].map(({ follower }) => follower.state());
  }

  sync(shard: string, past: Revision): Promise<boolean> {
    return this.#followed.get(shard)?.follower.sync(past) ?? Promise.resolve(false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    for (const each of this.#subscriptions) each[Symbol.dispose]();
    for (const { follower } of this.#followed.values()) follower[Symbol.dispose]();
    this.#followed.clear();
    this.#sources.keep(new Set());
    return Promise.resolve();
  }
}
