/** A shard: commits that take their time, promises, streams, and a life that ends with commits in flight and begins again with another clock. */
import type { Revision } from '@kcp-ts/meta';
import { asRevision, revisionZero } from '@kcp-ts/meta';
import type { RevisionClock } from '@kcp-ts/storage';
import { createRevisionClock, revisionAt } from '@kcp-ts/storage';
import type { WatchFrame } from '@kcp-ts/watch';
import type { ShardProgress } from '../shards.ts';
import type { Rules } from './rules.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimEvent {
  readonly revision: Revision;
  readonly shard: number;
  readonly key: string;
  readonly deleted: boolean;
}

interface Pending {
  readonly event: SimEvent;
  acknowledge(): void;
}

export interface SimStream {
  send(frame: WatchFrame): void;
}

const nothing = new Uint8Array();
const keys = 5;
/** How far a promise is reserved ahead, in revisions (microseconds). */
const reservedAhead = 500_000;
const observedAheadMs = 1_000;

export class SimShard {
  readonly name: string;
  readonly number: number;
  /** Everything durable, in order. */
  readonly log: SimEvent[] = [];
  /** What writers have been told is there. */
  acknowledged: Revision = revisionZero;
  up = false;
  /** Milliseconds that its wall clock is ahead. */
  offsetMs: number;
  readonly streams = new Set<SimStream>();
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #rules: Rules;
  readonly #wall: () => number;
  #clock: RevisionClock;
  #pending: Pending[] = [];
  #settled: (() => void)[] = [];
  #reserved: Revision = revisionZero;
  #life = 0;

  constructor(name: string, number: number, time: VirtualTime, chance: Chance, rules: Rules) {
    this.name = name;
    this.number = number;
    this.#time = time;
    this.#chance = chance;
    this.#rules = rules;
    this.offsetMs = chance.between(-250, 250);
    this.#wall = time.clock(() => this.offsetMs).now;
    this.#clock = createRevisionClock(this.#wall, revisionZero);
  }

  /** Serves once its clock has passed what an earlier life, or its join, has promised. */
  start(joinRevision: Revision): void {
    const last = this.log.at(-1)?.revision ?? revisionZero;
    const past = Math.max(
      last,
      this.#rules.reservation ? this.#reserved : 0,
      this.#rules.joinRevision ? joinRevision : 0,
    );
    const life = ++this.#life;
    const waitMs = Math.max(0, (past - revisionAt(this.#wall())) / 1_000);
    this.#time.after(waitMs + 1, () => {
      if (this.#life !== life) return;
      this.#clock = createRevisionClock(this.#wall, asRevision(past));
      this.up = true;
      this.#tick(life);
    });
  }

  /** Dies with commits in flight: the first of them may have gone through, which nobody has been told. */
  crash(): void {
    this.#life++;
    if (!this.up) return;
    this.up = false;
    for (const { event } of this.#pending.slice(0, this.#chance.integer(this.#pending.length + 1)))
      this.log.push(event);
    this.#pending = [];
    this.#settled = [];
    this.streams.clear();
    this.offsetMs = this.#chance.between(-250, 250);
  }

  #tick(life: number): void {
    this.#time.after(1_000, () => {
      if (this.#life !== life) return;
      this.progress(revisionZero, () => undefined);
      this.#tick(life);
    });
  }

  write(): void {
    if (!this.up) return;
    const event: SimEvent = {
      revision: this.#clock.next(),
      shard: this.number,
      key: `${this.name}/${this.#chance.integer(keys)}`,
      deleted: this.#chance.happens(0.3),
    };
    const acknowledge = () => {
      this.acknowledged = event.revision;
    };
    this.#pending.push({ event, acknowledge });
    if (this.#pending.length === 1) this.#flushSoon();
  }

  #flushSoon(): void {
    const life = this.#life;
    this.#time.after(this.#chance.between(0.2, this.#chance.happens(0.05) ? 200 : 5), () => {
      if (this.#life !== life) return;
      this.#flush();
    });
  }

  #flush(): void {
    const flushed = this.#pending.splice(0, 1 + this.#chance.integer(this.#pending.length));
    for (const { event, acknowledge } of flushed) {
      this.log.push(event);
      const frame: WatchFrame = { type: 'event', revision: event.revision, payload: nothing };
      for (const stream of this.streams) stream.send(frame);
      acknowledge();
    }
    if (this.#pending.length > 0) {
      this.#flushSoon();
      return;
    }
    const settled = this.#settled;
    this.#settled = [];
    for (const run of settled) run();
  }

  /** Makes progress and says so on all streams; once nothing is in flight any more. */
  progress(past: Revision, answer: (said: ShardProgress) => void): void {
    if (!this.up) return;
    if (this.#pending.length > 0) {
      this.#settled.push(() => this.progress(past, answer));
      return;
    }
    if (past <= revisionAt(this.#wall() + observedAheadMs)) this.#clock.observe(past);
    const progress = this.#clock.promise();
    if (progress > this.#reserved) this.#reserved = asRevision(progress + reservedAhead);
    for (const stream of this.streams) stream.send({ type: 'progress', revision: progress, payload: nothing });
    answer({ progress, last: this.log.at(-1)?.revision ?? revisionZero });
  }

  /** The keys that are there at a revision, with those of their newest commits. */
  stateAt(at: Revision): Map<string, Revision> {
    const state = new Map<string, Revision>();
    for (const { key, revision, deleted } of this.log) {
      if (revision > at) break;
      if (deleted) state.delete(key);
      else state.set(key, revision);
    }
    return state;
  }

  /** Everything behind a revision, or the state at it and then everything behind it. */
  watch(after: Revision, initial: boolean, stream: SimStream): void {
    if (initial) {
      for (const key of this.stateAt(after).keys())
        stream.send({ type: 'event', revision: after, payload: Buffer.from(key) });
      stream.send({ type: 'progress', revision: after, payload: nothing });
    }
    for (const event of this.log) {
      if (event.revision > after) stream.send({ type: 'event', revision: event.revision, payload: nothing });
    }
    this.streams.add(stream);
    if (this.#pending.length === 0) this.progress(revisionZero, () => undefined);
  }
}
