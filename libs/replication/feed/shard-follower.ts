/**
 * One shard's feed, followed. In order and without a hole, messages go straight to the sink; whatever else happens ends in "fetch" or "snapshot":
 *
 *   message ──► contiguous? ──yes──► sink
 *                  │ no                ▲
 *                  ▼                   │ then what waits in the buffer, by the same rule
 *              fetch, or snapshot ─────┘
 *
 * While the shard is asked, messages wait in a bounded buffer; one that is full is emptied, which is a gap like any other.
 */
import type { Clock } from '@kcp-ts/base';
import type { Revision } from '@kcp-ts/meta';
import { revisionZero, StatusError } from '@kcp-ts/meta';
import type { FeedMessage, FeedProgress, FeedShard, FeedSink, FeedSource } from './feed.ts';
import { createWaits } from './waits.ts';
import { orAborted, withPatience } from './with-patience.ts';

export interface ShardFollowerNeeds {
  readonly shard: FeedShard;
  readonly sink: FeedSink;
  readonly clock: Clock;
  /** The shard itself; undefined where nobody knows its address. */
  source(): FeedSource | undefined;
  /** Services with a copy; whom to ask first is theirs to say by the order. */
  copies(): readonly FeedSource[];
  /** Whether the register says that the shard lives: the living are asked before their copies. */
  alive(): boolean;
  /** Everything up to the newest snapshot or message is in the sink for the first time. */
  brought(): void;
  log(event: Readonly<Record<string, unknown>>, message: string): void;
}

export interface ShardFollowerState {
  readonly shard: FeedShard;
  readonly epoch: string | undefined;
  /** Everything of the feed up to here is in the sink. */
  readonly revision: Revision;
  readonly progress: Revision;
  /** Undefined until there was progress. */
  readonly heardAtMs: number | undefined;
  readonly state: 'following' | 'fetching' | 'waiting';
  readonly counters: Readonly<Record<'messages' | 'gaps' | 'fetches' | 'snapshots' | 'failures', number>>;
}

export interface ShardFollower extends Disposable {
  message(message: FeedMessage): void;
  /** Something may be missing. */
  doubt(): void;
  /** Something has changed that makes it worth asking at once. */
  retry(): void;
  sync(past: Revision): Promise<boolean>;
  state(): ShardFollowerState;
}

const bufferMessagesMax = 1_000;
const bufferBytesMax = 8_000_000;
const retryFirstMs = 100;
const retryMaxMs = 2_000;
/** How long an answer may stand still. */
const patienceMs = 5_000;
/** How long what the shard has published may take over the bus before it is fetched. */
const busPatienceMs = 10;
const syncMaxMs = 2_000;
/** Epochs that are over; more than a few are only seen where a shard keeps starting anew. */
const pastEpochsMax = 16;

export function createShardFollower(needs: ShardFollowerNeeds): ShardFollower {
  return new Follower(needs);
}

class Follower implements ShardFollower {
  readonly #needs: ShardFollowerNeeds;
  readonly #counters = { messages: 0, gaps: 0, fetches: 0, snapshots: 0, failures: 0 };
  readonly #stop = new AbortController();
  readonly #past = new Set<string>();
  readonly #waits: ReturnType<typeof createWaits>;
  #epoch: string | undefined;
  #position = revisionZero;
  #progress = revisionZero;
  #heardAt: number | undefined;
  /** What is missing; a snapshot is everything. */
  #need: 'snapshot' | 'fetch' | undefined = 'snapshot';
  #working = false;
  #buffer: FeedMessage[] = [];
  #bufferBytes = 0;
  #wake: (() => void) | undefined;
  #asking: Promise<boolean> | undefined;
  #next: { past: Revision; readonly answer: Promise<boolean> } | undefined;

  constructor(needs: ShardFollowerNeeds) {
    this.#needs = needs;
    this.#waits = createWaits(needs.clock);
    this.#work();
  }

  message(message: FeedMessage): void {
    this.#counters.messages++;
    if (this.#past.has(message.epoch)) return;
    if (this.#need === undefined && !this.#working) this.#accept(message);
    else this.#keep(message);
  }

  #keep(message: FeedMessage): void {
    const bytes = bytesOf(message);
    if (this.#buffer.length >= bufferMessagesMax || this.#bufferBytes + bytes > bufferBytesMax) {
      this.#buffer = [];
      this.#bufferBytes = 0;
    }
    this.#buffer.push(message);
    this.#bufferBytes += bytes;
  }

  /** Applies what continues what is there, knows what is there already, and asks for what is missing. */
  #accept(message: FeedMessage): void {
    if (this.#past.has(message.epoch)) return;
    const hole = message.previous > this.#position || (message.fetch && message.revision > this.#position);
    if (message.epoch !== this.#epoch || hole) {
      this.#counters.gaps++;
      this.#need = message.epoch !== this.#epoch || this.#need === 'snapshot' ? 'snapshot' : 'fetch';
      this.#keep(message);
      this.#work();
      return;
    }
    this.#apply(message);
  }

  #apply(message: FeedMessage): void {
    const { shard, sink } = this.#needs;
    if (message.revision > this.#position) {
      const position = this.#position;
      const known = (message.entries[0]?.revision ?? message.revision) <= position;
      const entries = known ? message.entries.filter(({ revision }) => revision > position) : message.entries;
      this.#position = message.revision;
      if (entries.length > 0) sink.apply(shard, entries, message.revision);
    }
    this.#advance(message.progress);
  }

  #advance(progress: Revision): void {
    if (progress < this.#progress) return;
    this.#progress = progress;
    this.#heardAt = this.#needs.clock.monotonic();
    this.#needs.sink.progress(this.#needs.shard, progress);
    this.#waits.settle();
  }

  doubt(): void {
    this.#need ??= 'fetch';
    this.#work();
  }

  retry(): void {
    this.#wake?.();
  }

  #work(): void {
    if (this.#working || this.#stop.signal.aborted) return;
    this.#working = true;
    void this.#catchUp();
  }

  /** Until nothing is missing; never rejects. */
  async #catchUp(): Promise<void> {
    let waitMs = retryFirstMs;
    while (this.#need !== undefined && !this.#stop.signal.aborted) {
      const own = await this.#askAll();
      if (this.#stop.signal.aborted) return;
      if (own !== undefined) this.#drain();
      if (own === true) waitMs = retryFirstMs;
      // A copy that does not have it yet is asked again as rarely as a shard that does not answer.
      else if (this.#need !== undefined) {
        await this.#pause(waitMs);
        waitMs = Math.min(2 * waitMs, retryMaxMs);
      }
    }
    this.#working = false;
    this.#waits.settle();
  }

  #drain(): void {
    const waiting = this.#buffer;
    this.#buffer = [];
    this.#bufferBytes = 0;
    for (const message of waiting) {
      if (this.#need === undefined) this.#accept(message);
      else this.#keep(message);
    }
  }

  /** True when the shard itself has answered, false when a copy has, undefined when nobody did. */
  async #askAll(): Promise<boolean | undefined> {
    const { source, copies, alive } = this.#needs;
    const own = source();
    const asked = [...(own === undefined ? [] : [own]), ...copies()];
    if (own !== undefined && !alive()) asked.push(...asked.splice(0, 1));
    for (const each of asked) {
      try {
        if (each === own && this.#need === 'fetch') await this.#fetch(each);
        else await this.#snapshot(each, each === own);
        return each === own;
      } catch (error) {
        if (this.#stop.signal.aborted) return undefined;
        this.#counters.failures++;
        this.#needs.log({ shard: this.#needs.shard.name, need: this.#need, error }, 'cannot fetch from a feed');
      }
    }
    return undefined;
  }

  async #fetch(source: FeedSource): Promise<void> {
    const { shard, clock } = this.#needs;
    const request = { shard: shard.name, epoch: this.#epoch ?? '', after: this.#position };
    try {
      this.#counters.fetches++;
      for await (const message of withPatience((signal) => source.fetch(request, signal), {
        clock,
        patienceMs,
        signal: this.#stop.signal,
      })) {
        if (message.epoch !== this.#epoch || message.previous > this.#position)
          throw new StatusError('InternalError', 'the feed was fetched with a hole');
        this.#apply(message);
      }
      this.#need = undefined;
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== 'Expired') throw error;
      this.#need = 'snapshot';
      await this.#snapshot(source, true);
    }
  }

  async #snapshot(source: FeedSource, own: boolean): Promise<void> {
    const { shard, sink, clock } = this.#needs;
    this.#counters.snapshots++;
    let into: ReturnType<FeedSink['begin']> | undefined;
    const request = { shard: shard.name };
    for await (const chunk of withPatience((signal) => source.snapshot(request, signal), {
      clock,
      patienceMs,
      signal: this.#stop.signal,
    })) {
      const older = chunk.epoch === this.#epoch && chunk.revision < this.#position;
      const nothingNew = !own && chunk.epoch === this.#epoch && chunk.revision === this.#position;
      if (older || nothingNew || this.#past.has(chunk.epoch))
        throw new StatusError('ServiceUnavailable', 'the snapshot has nothing new');
      into ??= sink.begin(shard);
      into.add(chunk.entries);
      if (!chunk.last) continue;
      into.end(chunk.revision);
      this.#begin(chunk.epoch, chunk.revision);
      return;
    }
    throw new StatusError('ServiceUnavailable', 'the snapshot was cut off');
  }

  #begin(epoch: string, revision: Revision): void {
    if (epoch !== this.#epoch) {
      if (this.#epoch !== undefined) this.#past.add(this.#epoch);
      for (const each of this.#past) if (this.#past.size > pastEpochsMax) this.#past.delete(each);
      this.#epoch = epoch;
      this.#progress = revisionZero;
    }
    this.#position = revision;
    this.#need = undefined;
    this.#advance(revision);
    this.#needs.brought();
    // A shard where nothing is committed has come further than its newest revision, and says so once a second: too late for who starts now.
    void this.sync(revisionZero);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = this.#needs.clock.setTimer(milliseconds, resolve);
      this.#wake = () => {
        timer[Symbol.dispose]();
        resolve();
      };
    }).finally(() => {
      this.#wake = undefined;
    });
  }

  /** Who asks while one is asked waits for the next: its question is sent after the call. */
  sync(past: Revision): Promise<boolean> {
    if (this.#asking === undefined) return this.#ask(past);
    if (this.#next === undefined) {
      const answer = this.#asking.then(() => {
        const wanted = this.#next?.past ?? past;
        this.#next = undefined;
        return this.#ask(wanted);
      });
      this.#next = { past, answer };
    } else if (past > this.#next.past) this.#next.past = past;
    return this.#next.answer;
  }

  #ask(past: Revision): Promise<boolean> {
    this.#asking = this.#reach(past).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #reach(past: Revision): Promise<boolean> {
    const source = this.#needs.source();
    if (source === undefined || this.#stop.signal.aborted) return false;
    const request = { shard: this.#needs.shard.name, past };
    const signal = AbortSignal.any([this.#stop.signal, this.#waits.deadline(syncMaxMs)]);
    let answer: FeedProgress;
    try {
      answer = await orAborted(source.progress(request, signal), signal);
    } catch {
      return false;
    }
    const there = () => this.#epoch === answer.epoch && this.#position >= answer.feedRevision;
    if (!(await this.#waits.until(there, busPatienceMs))) {
      this.#need ??= this.#epoch === answer.epoch ? 'fetch' : 'snapshot';
      this.#wake?.();
      this.#work();
      if (!(await this.#waits.until(there, syncMaxMs))) return false;
    }
    this.#advance(answer.progress);
    return answer.progress >= past;
  }

  state(): ShardFollowerState {
    const state = this.#need === undefined ? 'following' : this.#wake === undefined ? 'fetching' : 'waiting';
    return {
      shard: this.#needs.shard,
      epoch: this.#epoch,
      revision: this.#position,
      progress: this.#progress,
      heardAtMs: this.#heardAt,
      state,
      counters: { ...this.#counters },
    };
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#wake?.();
    this.#waits.giveUp();
  }
}

function bytesOf({ entries }: FeedMessage): number {
  let bytes = 200;
  for (const { key, value } of entries) bytes += 2 * key.length + (value?.length ?? 0);
  return bytes;
}
