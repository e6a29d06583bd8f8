/**
 * Follows the feeds of all shards: the bus brings what is new, and whatever it loses is fetched
 * from the shard. What is known of a shard is complete up to one number; a message that follows on
 * it moves it, a message that does not shows that something is missing.
 */

import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import { every } from '@kcp-ts/base';
import type { FeedMessage, FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';
import type { FeedEntry, FeedHandler } from './feed.ts';
import { feedSubject, fromMessage } from './feed.ts';
import type { FeedConsumer, FeedConsumerOptions, FollowedShard } from './feed-consumer-interface.ts';
import type { FollowedShardState } from './followed-shard-state.ts';
import {
  ageMsOf,
  beginEpoch,
  initialState,
  isBrought,
  retryMsMin,
  silentMsMax,
  silentMsMin,
} from './followed-shard-state.ts';
import { hasPassed } from './has-passed.ts';
import { readMessage } from './read-message.ts';

const retryMsMax = 1_000;
/** A handler that has lost something cannot hold more at once, as long as its disk is full. */
const resyncMs = 5_000;
const heldMessagesMax = 2_000;
const callMs = 5_000;
const refusalMs = 10_000;

export async function createFeedConsumer(options: FeedConsumerOptions): Promise<FeedConsumer> {
  const feedConsumer = new BusFeedConsumer(options);
  await feedConsumer.open();
  return feedConsumer;
}

class BusFeedConsumer implements FeedConsumer {
  readonly #options: FeedConsumerOptions;
  readonly #followed = new Map<string, FollowedShardState>();
  #nextRefusalMs = Number.NEGATIVE_INFINITY;
  readonly #counters = { messages: 0, gaps: 0, fetches: 0, snapshots: 0 };
  readonly #waiters = new Set<() => void>();
  readonly #over = new AbortController();
  #subscription: Disposable | undefined;
  #watchdog: Disposable | undefined;
  #known = false;

  constructor(options: FeedConsumerOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#subscription = await this.#options.bus.subscribe(feedSubject('*'), {
      message: (subject, bytes) => this.#receive(subject, bytes),
      gap: () => this.#askAll(),
      state: (up) => {
        if (up) this.#askAll();
      },
    });
    this.#watch();
  }

  #watch(): void {
    this.#watchdog = every(this.#options.clock, silentMsMin / 2, () => {
      const now = this.#options.clock.monotonic();
      for (const followed of this.#followed.values())
        if (followed.complete !== undefined && followed.shard.alive && now - followed.completeAtMs > followed.silentMs)
          void this.#bring(followed);
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
      if (shard.alive) followed.replicasAsked = false;
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
    const followed = initialState(shard, this.#options.connect(shard.rpcAddress));
    this.#followed.set(shard.name, followed);
    void this.#bring(followed);
  }

  #remove(name: string, followed: FollowedShardState): void {
    followed.removed = true;
    followed.retry?.[Symbol.dispose]();
    followed.client[Symbol.dispose]();
    this.#followed.delete(name);
    this.#options.feedHandler.removed(name);
  }

  #receive(subject: string, bytes: Uint8Array): void {
    this.#counters.messages++;
    const message = this.#read(subject, bytes);
    const followed = this.#followed.get(message?.shard ?? '');
    if (message === undefined || followed === undefined) return;
    if (followed.working !== undefined || followed.complete === undefined) {
      // What does not fit is missed, and its absence will show.
      if (followed.held.length < heldMessagesMax) followed.held.push(message);
      return;
    }
    this.#take(followed, message);
  }

  #read(subject: string, bytes: Uint8Array): FeedMessage | undefined {
    try {
      return readMessage(subject, bytes, (shard) => this.#followed.get(shard)?.shard.number);
    } catch (error) {
      this.#refuse(subject, error);
      return undefined;
    }
  }

  /** A sender of messages that cannot be read can send many: one of them is logged in a while. */
  #refuse(subject: string, error: unknown): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#nextRefusalMs) return;
    this.#nextRefusalMs = now + refusalMs;
    this.#options.onTrouble?.(subject, error);
  }

  #take(followed: FollowedShardState, message: FeedMessage): void {
    if (followed.pastEpochs.has(message.epoch)) return;
    if (message.epoch !== followed.epoch) {
      // Not kept for later: the snapshot has it, and one that came late would ask for another
      // snapshot.
      followed.needsSnapshot = true;
      this.#want(followed);
      return;
    }
    const complete = followed.complete ?? revisionZero;
    if (message.previous > complete || (message.byReference && message.progress > complete)) {
      this.#counters.gaps++;
      this.#want(followed);
      return;
    }
    this.#apply(followed, message.entries, complete);
    this.#advance(followed, message.progress);
    followed.silentMs = Math.min(silentMsMax, Math.max(silentMsMin, message.nextMs * 1.5));
  }

  #apply(followed: FollowedShardState, messages: FeedMessage['entries'], after: Revision): void {
    const entries = messages.filter(({ revision }) => revision > after).map(fromMessage);
    if (entries.length === 0) return;
    this.#given(followed, entries);
    this.#options.feedHandler.apply(followed.shard, entries);
  }

  #given(followed: FollowedShardState, entries: readonly FeedEntry[]): void {
    for (const { revision } of entries) if (revision > followed.newest) followed.newest = revision;
  }

  #advance(followed: FollowedShardState, progress: number): void {
    if (followed.complete === undefined || progress > followed.complete) followed.complete = progress as Revision;
    followed.completeAtMs = this.#options.clock.monotonic();
  }

  /** Something is missing; while nobody answers, messages do not make us ask more often. */
  #want(followed: FollowedShardState): void {
    if (followed.retry === undefined) void this.#bring(followed);
  }

  /**
   * Brings a shard's state up to what it is now; one at a time. Resolves to whether the shard
   * itself has answered.
   */
  #bring(followed: FollowedShardState): Promise<boolean> {
    if (followed.working !== undefined) return followed.working;
    followed.retry?.[Symbol.dispose]();
    followed.retry = undefined;
    const working = this.#bringNow(followed).then((answered) => {
      followed.working = undefined;
      followed.tried = true;
      if (followed.removed || this.#over.signal.aborted) return false;
      // What a replica has is believed meanwhile; one that is alive is asked again until it says so
      // itself.
      if (answered === 'nobody' || (answered === 'replica' && followed.shard.alive)) this.#tryLater(followed);
      else followed.retryMs = retryMsMin;
      const held = followed.held;
      followed.held = [];
      if (followed.complete !== undefined) for (const message of held) this.#take(followed, message);
      this.#settle();
      return answered === 'shard';
    });
    followed.working = working;
    return working;
  }

  #tryLater(followed: FollowedShardState): void {
    followed.retry?.[Symbol.dispose]();
    followed.retry = this.#options.clock.setTimer(followed.retryMs, () => void this.#bring(followed));
    followed.retryMs = Math.min(retryMsMax, followed.retryMs * 2);
  }

  async #bringNow(followed: FollowedShardState): Promise<'shard' | 'replica' | 'nobody'> {
    // What is lost from here on is not in what comes now.
    if (followed.lost) followed.needsSnapshot = true;
    followed.lost = false;
    try {
      if (followed.complete === undefined || followed.needsSnapshot) await this.#snapshotOfOwn(followed);
      else await this.#fetchOrSnapshot(followed, followed.complete);
      return 'shard';
    } catch (thrown) {
      if (followed.removed || this.#over.signal.aborted) return 'nobody';
      this.#options.onTrouble?.(followed.shard.name, thrown);
      const worthwhile = followed.complete === undefined || (!followed.shard.alive && !followed.replicasAsked);
      return worthwhile && (await this.#fromReplicas(followed)) ? 'replica' : 'nobody';
    }
  }

  async #fetchOrSnapshot(followed: FollowedShardState, after: Revision): Promise<void> {
    try {
      await this.#fetch(followed, after);
    } catch (thrown) {
      if (!(thrown instanceof RpcError) || thrown.code !== 'out-of-range') throw thrown;
      // What we have of it stays until the snapshot says otherwise.
      await this.#snapshotOfOwn(followed);
    }
  }

  /**
   * With what came after it: a shard that commits nothing has come much further than its last
   * commit.
   */
  async #snapshotOfOwn(followed: FollowedShardState): Promise<void> {
    const { pastEpochs, newest } = followed;
    const options = { signal: this.#over.signal, timeoutMs: callMs };
    // Where it breaks off, only another one says what is gone.
    followed.needsSnapshot = true;
    // A shard that has lost its place to another may not know it yet.
    const epoch = await this.#snapshot(
      followed,
      followed.client,
      async (first) =>
        !pastEpochs.has(first.epoch) && (first.revision >= newest || (await hasPassed(followed, newest, options))),
    );
    if (followed.removed) return;
    beginEpoch(followed, epoch);
    followed.needsSnapshot = false;
    await this.#fetch(followed, followed.complete ?? revisionZero);
  }

  /**
   * Everything as of one revision, unless the first piece shows that it is no news. Resolves to the
   * epoch of who has given it.
   */
  async #snapshot(
    followed: FollowedShardState,
    client: RpcClient<typeof FeedService>,
    isNews: (first: { readonly epoch: string; readonly revision: number }) => boolean | Promise<boolean>,
  ): Promise<string> {
    this.#counters.snapshots++;
    const shard = followed.shard.name;
    let snapshot: ReturnType<FeedHandler['begin']> | undefined;
    let revision = 0;
    let epoch = '';
    for await (const reply of client.call.snapshot({ shard }, { signal: this.#over.signal })) {
      if (followed.removed) return epoch;
      if (snapshot === undefined && !(await isNews(reply)))
        throw new RpcError('unavailable', `${shard} is known better than it was told`);
      snapshot ??= this.#options.feedHandler.begin(followed.shard);
      ({ epoch, revision } = reply);
      const entries = reply.entries.map(fromMessage);
      this.#given(followed, entries);
      snapshot.add(entries);
    }
    if (snapshot === undefined) throw new RpcError('unavailable', `${shard} gave an empty answer`);
    snapshot.end();
    followed.complete = revision as Revision;
    followed.completeAtMs = this.#options.clock.monotonic();
    return epoch;
  }

  async #fetch(followed: FollowedShardState, after: Revision): Promise<void> {
    this.#counters.fetches++;
    const shard = followed.shard.name;
    const options = { signal: this.#over.signal, timeoutMs: callMs };
    for await (const reply of followed.client.call.fetch({ shard, after }, options)) {
      if (followed.removed) return;
      if (reply.epoch !== followed.epoch) throw new RpcError('out-of-range', `${shard} has another incarnation`);
      this.#apply(followed, reply.entries, followed.complete ?? after);
      this.#advance(followed, reply.progress);
    }
  }

  /** A shard that is down, as somebody keeps it. */
  async #fromReplicas(followed: FollowedShardState): Promise<boolean> {
    followed.replicasAsked = true;
    for (const address of this.#options.replicas()) {
      using client = this.#options.connect(address);
      const done = await this.#snapshot(
        followed,
        client,
        ({ revision }) =>
          revision >= followed.newest && (followed.complete === undefined || revision > followed.complete),
      ).then(
        () => true,
        () => false,
      );
      // A replica does not say of which incarnation of the shard its copy is, nor that it was
      // whole: the shard's own next word is a snapshot.
      if (done) followed.needsSnapshot = true;
      if (done) return true;
    }
    return false;
  }

  isReady(): boolean {
    return this.#known && [...this.#followed.values()].every(isBrought);
  }

  #settle(): void {
    if (!this.isReady()) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }

  ready(): Promise<void> {
    return this.isReady() ? Promise.resolve() : new Promise((resolve) => void this.#waiters.add(resolve));
  }

  resync(shard: string): void {
    const followed = this.#followed.get(shard);
    if (followed === undefined) return;
    followed.lost = true;
    followed.retry ??= this.#options.clock.setTimer(resyncMs, () => void this.#bring(followed));
  }

  isFollowed(shard: string): boolean {
    const followed = this.#followed.get(shard);
    return followed?.epoch !== undefined && followed.shard.alive && !followed.needsSnapshot;
  }

  ageMs(shard: string): number | undefined {
    const followed = this.#followed.get(shard);
    return followed && ageMsOf(followed, this.#options.clock);
  }

  async catchUp(): Promise<boolean> {
    const living = [...this.#followed.values()].filter(({ shard }) => shard.alive);
    return (await Promise.all(living.map((followed) => this.#catchUpWith(followed)))).every(Boolean);
  }

  async staleShards(): Promise<ReadonlySet<string>> {
    const asked = [...this.#followed].map(async ([name, followed]) =>
      followed.shard.alive && (await this.#catchUpWith(followed)) ? [] : [name],
    );
    return new Set((await Promise.all(asked)).flat());
  }

  async #catchUpWith(followed: FollowedShardState): Promise<boolean> {
    // One that is under way may have asked before the call.
    await followed.working;
    return this.#bring(followed);
  }

  statistics(): ReturnType<FeedConsumer['statistics']> {
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
