/**
 * One shard's part of one merged stream: what has come and waits for the others, how far the shard
 * has got, and its stream, opened again when it breaks.
 */

import type { Revision, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { ShardRecord } from '../membership/membership.ts';
import type { WatchFrame } from './frames.ts';
import type { OpenUpstreamWatch, UpstreamWatch } from './upstream-watch.ts';

export interface MergedEvent {
  readonly revision: Revision;
  readonly shard: number;
  readonly payload: Uint8Array;
}

export interface ShardStreamDependencies {
  readonly open: OpenUpstreamWatch;
  readonly clock: Clock;
  /** Something came: look again at what can be emitted. */
  changed(): void;
  /**
   * The shard stream cannot go on; without an error because the shard cannot be reached from here.
   */
  failed(error: StatusError | undefined): void;
  /** An object of the state that the stream begins with. */
  initial(event: MergedEvent): void;
  /** A shard broke its promise: what was emitted may be wrong, so nothing more is. */
  broken(): void;
}

/** What one shard may run ahead of the others, in one stream. */
const queuedBytesMax = 4 * 1024 * 1024;
const queuedEventsMax = 10_000;
const reopenMsMin = 50;
const reopenMsMax = 1_000;
/**
 * A living shard that cannot be reached from here for this long: the client goes to another
 * replica.
 */
export const unreachableMsMax = 5_000;

export class ShardStream implements Disposable {
  shard: ShardRecord;
  /** Everything up to it has come. */
  progress: Revision;
  /** Left out by the membership's agreement, having shown everything up to its progress then. */
  excludedAt: Revision | undefined;
  /** Nothing has been received of it: its progress is only what its join says. */
  joining = false;
  /** The state comes first; until it is complete. */
  starting: boolean;
  readonly #deps: ShardStreamDependencies;
  readonly #from: Revision;
  #queue: MergedEvent[] = [];
  #head = 0;
  #bytes = 0;
  #stream: UpstreamWatch | undefined;
  #timer: Disposable | undefined;
  #reopenMs = reopenMsMin;
  #brokenSinceMs: number | undefined;
  #came = false;
  #held = false;
  #paused = false;
  #over = false;

  constructor(deps: ShardStreamDependencies, shard: ShardRecord, from: Revision, initial: boolean) {
    this.#deps = deps;
    this.shard = shard;
    this.#from = from;
    this.starting = initial;
    this.progress = from;
  }

  /** Begins, or begins again behind what has come. */
  open(): void {
    const handlers = {
      frames: (frames: readonly WatchFrame[]) => {
        if (this.#stream !== stream || this.#over) return;
        this.#frames(frames);
      },
      end: (error: StatusError | undefined) => {
        if (this.#stream !== stream || this.#over) return;
        this.#stream = undefined;
        this.#ended(error);
      },
    };
    const stream = this.#deps.open(this.shard, this.progress, this.starting, handlers);
    this.#stream = stream;
    this.#paused = false;
    this.#regulate();
  }

  #frames(frames: readonly WatchFrame[]): void {
    this.joining = false;
    this.#came = true;
    this.#brokenSinceMs = undefined;
    this.#reopenMs = reopenMsMin;
    for (const { type, revision, payload } of frames) {
      if (type === 'event') this.#event({ revision, shard: this.shard.number, payload });
      else if (revision > this.progress || (this.starting && revision === this.progress)) {
        this.progress = revision;
        this.starting = false;
      }
      if (this.#over) return;
    }
    this.#regulate();
    this.#deps.changed();
  }

  #event(event: MergedEvent): void {
    if (this.starting && event.revision === this.#from) this.#deps.initial(event);
    else if (event.revision <= this.progress) this.#deps.broken();
    else {
      this.progress = event.revision;
      this.#queue.push(event);
      this.#bytes += event.payload.length;
    }
  }

  #ended(error: StatusError | undefined): void {
    const now = this.#deps.clock.monotonic();
    this.#brokenSinceMs ??= now;
    const unreachable = this.shard.alive && now - this.#brokenSinceMs >= unreachableMsMax;
    // A broken initial list cannot be resumed: it is not known which objects were sent.
    if (error !== undefined || (this.starting && this.#came) || unreachable) {
      this.#deps.failed(error);
      return;
    }
    this.#timer = this.#deps.clock.setTimer(this.#reopenMs, () => this.open());
    this.#reopenMs = Math.min(reopenMsMax, this.#reopenMs * 2);
  }

  /** The oldest event that has not been emitted. */
  head(): MergedEvent | undefined {
    return this.#queue[this.#head];
  }

  /** The newest one. */
  newest(): Revision | undefined {
    return this.#queue.at(-1)?.revision;
  }

  shift(): void {
    const event = this.#queue[this.#head];
    if (event === undefined) return;
    this.#head++;
    this.#bytes -= event.payload.length;
    if (this.#head < this.#queue.length && this.#head < 1_000) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  /** The client does not take more. */
  hold(held: boolean): void {
    this.#held = held;
    this.#regulate();
  }

  /**
   * A full shard stream never holds up the order: it has made progress past all it holds, so the
   * others decide.
   */
  #regulate(): void {
    const queued = this.#queue.length - this.#head;
    const full = this.#bytes > queuedBytesMax || queued > queuedEventsMax;
    const low = this.#bytes <= queuedBytesMax / 2 && queued <= queuedEventsMax / 2;
    const pause = this.#held || full || (this.#paused && !low);
    if (pause === this.#paused || this.#stream === undefined) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else this.#stream.resume();
  }

  /** After events were taken. */
  emptied(): void {
    if (this.#paused) this.#regulate();
  }

  exclude(at: Revision): void {
    this.excludedAt = at;
    this.#close();
  }

  #close(): void {
    this.#timer?.[Symbol.dispose]();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#close();
  }
}
