/**
 * The shard's end of its feed: what its store tells, by way of the projection, onto the bus. What commits within one turn of the event loop leaves as
 * one message. The bus may drop any of them; each says what came before it, and once a second one says how far the shard has come, so that the loss
 * of the last one shows as well.
 */
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import type { Revision } from '@kcp-ts/meta';
import type { Store, StoreEvent } from '@kcp-ts/storage';
import type { FeedEntry, FeedProgress, FeedShard, Project } from './feed.ts';
import { feedSubject } from './feed-subject.ts';
import { encodeFeedMessage } from './wire.ts';

/** A store that may be able to keep what it commits above a revision seen elsewhere. */
export type FeedStore = Store & { readonly observe?: (revision: Revision) => boolean };

export interface FeedPublisherNeeds {
  readonly store: FeedStore;
  readonly bus: Bus;
  readonly shard: FeedShard;
  /** Never used before by this shard. */
  readonly epoch: string;
  readonly project: Project;
  readonly clock: Clock;
  /** Between messages that only say how far the shard has come; 1,000 when absent. */
  readonly progressEveryMs?: number | undefined;
}

export interface FeedPublisher extends AsyncDisposable {
  readonly shard: FeedShard;
  readonly epoch: string;
  /**
   * A promise of progress past which the feed has nothing that it has not published. Everything that the shard commits after the call is above `past`,
   * unless that is too far ahead of the clock to be believed.
   */
  progress(past: Revision): Promise<FeedProgress>;
  statistics(): {
    readonly messages: number;
    readonly entries: number;
    readonly bytes: number;
    /** Messages that the bus did not take. */
    readonly dropped: number;
    /** Messages that only say that there is something to fetch. */
    readonly byReference: number;
  };
}

/** What an entry takes beside its key and its value, at most. */
const entryOverheadBytes = 40;
/** What a message takes beside its entries: shard, epoch and numbers, generously. */
const messageOverheadBytes = 1_000;

export function createFeedPublisher(needs: FeedPublisherNeeds): FeedPublisher {
  return new Publisher(needs);
}

class Publisher implements FeedPublisher {
  readonly shard: FeedShard;
  readonly epoch: string;
  readonly #needs: FeedPublisherNeeds;
  readonly #subject: string;
  readonly #counters = { messages: 0, entries: 0, bytes: 0, dropped: 0, byReference: 0 };
  readonly #subscription: Disposable;
  #pending: FeedEntry[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  /** The feed's newest revision: of the last message, and before the first the store's. */
  #last: Revision;
  /** The newest revision that the store has told of, in the feed or not. */
  #seen: Revision;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(needs: FeedPublisherNeeds) {
    this.shard = needs.shard;
    this.epoch = needs.epoch;
    this.#needs = needs;
    this.#subject = feedSubject(needs.shard.name);
    this.#last = needs.store.currentRevision();
    this.#seen = this.#last;
    this.#subscription = needs.store.subscribe((events) => this.#take(events));
    void this.#beat();
  }

  #take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#seen = event.revision;
      const projected = this.#needs.project(event);
      if (projected.kind === 'none') continue;
      const { key, revision, createRevision } = event;
      const value = projected.kind === 'put' ? projected.value : undefined;
      this.#pending.push({ key, revision, createRevision, value });
      // A key has at most three bytes for each of its characters.
      this.#pendingBytes += entryOverheadBytes + 3 * key.length + (value?.length ?? 0);
    }
    if (this.#pending.length === 0 || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#pending.length > 0) this.#send(this.#seen);
    });
  }

  /** Everything that waits, in one message; the store has told of everything up to `promised`. */
  #send(promised: Revision): void {
    const progress = Math.max(promised, this.#seen) as Revision;
    const entries = this.#pending;
    const fetch = this.#pendingBytes + messageOverheadBytes > this.#needs.bus.messageBytesMax;
    this.#pending = [];
    this.#pendingBytes = 0;
    const previous = this.#last;
    const revision = entries.at(-1)?.revision ?? previous;
    this.#last = revision;
    const { name, number } = this.shard;
    const message = { shard: name, shardNumber: number, epoch: this.epoch, revision, previous, progress, fetch };
    const bytes = encodeFeedMessage({ ...message, entries: fetch ? [] : entries });
    this.#counters.messages++;
    this.#counters.entries += entries.length;
    this.#counters.bytes += bytes.length;
    if (fetch) this.#counters.byReference++;
    // Followers see from the next message that there was one.
    this.#needs.bus.publish(this.#subject, bytes).catch(() => void this.#counters.dropped++);
  }

  async progress(past: Revision): Promise<FeedProgress> {
    const { store } = this.#needs;
    store.observe?.(past);
    const progress = await store.progress();
    // What the store told before it promised goes out before the promise does.
    if (this.#pending.length > 0) this.#send(progress);
    return { epoch: this.epoch, progress, lastRevision: store.currentRevision(), feedRevision: this.#last };
  }

  async #beat(): Promise<void> {
    // A store that cannot promise now has nothing to say; one that is closed never will again.
    const progress = await this.#needs.store.progress().catch(() => undefined);
    if (this.#closed) return;
    if (progress !== undefined) this.#send(progress);
    this.#timer = this.#needs.clock.setTimer(this.#needs.progressEveryMs ?? 1_000, () => void this.#beat());
  }

  statistics(): ReturnType<FeedPublisher['statistics']> {
    return { ...this.#counters };
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed && this.#pending.length > 0) this.#send(this.#seen);
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    return Promise.resolve();
  }
}
