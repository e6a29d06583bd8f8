/**
 * A merged stream: the events of all shards in one order. An event is emitted when every shard has
 * made progress past it, so the last resourceVersion that a client has seen says where to go on, on
 * any replica. What cannot be gone on with ends with 410, never with a wrong event.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision, mergedShardNumber, StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { ShardRecord, ShardsView } from '../membership/membership.ts';
import type { ProgressRequester } from './progress-requester.ts';
import type { Position } from './resume.ts';
import { expiredAround, isInsideAbsence, resumeRefusal, resumeRevision } from './resume.ts';
import { silentMsMax } from './shard-progress.ts';
import type { MergedEvent } from './shard-stream.ts';
import { ShardStream } from './shard-stream.ts';
import type { OpenUpstreamWatch } from './upstream-watch.ts';

export interface MergedHandler {
  /** In order. False: no more until `MergedWatch.drained` is called. */
  events(events: readonly MergedEvent[]): boolean;
  /** The state at this revision has been handed on completely. */
  started(revision: Revision): void;
  /**
   * With an error: the client gets it. Without one a living shard cannot be reached from here, and
   * the client resumes at another replica.
   */
  end(error: StatusError | undefined): void;
}

export interface MergedWatchOptions {
  readonly shards: ShardsView;
  readonly open: OpenUpstreamWatch;
  readonly progressRequester: ProgressRequester;
  readonly clock: Clock;
  readonly from: Position;
  /** The state at exactly `from` first. */
  readonly initial: boolean;
  /** Which shards are merged. */
  includes(shard: ShardRecord): boolean;
  readonly handler: MergedHandler;
  /**
   * Events up to a revision were just handed on, none of them of the state that it begins with.
   */
  readonly emitted?: ((revision: Revision) => void) | undefined;
}

export interface MergedWatch extends Disposable {
  /** The client takes events again. */
  drained(): void;
  /**
   * Everything up to it has been emitted and nothing behind it: what a bookmark may say. Undefined
   * in between.
   */
  position(): Revision | undefined;
}

/** Emitted in one piece; between two of them others have their turn. */
const piece = 1_000;
/** How often an idle watch asks for the membership, to say in bookmarks how far it is. */
const quietRefreshMs = 4_000;

/**
 * Throws StatusError Expired where the stream cannot begin. Never calls the handler before it
 * returns.
 */
export function createMergedWatch(options: MergedWatchOptions): MergedWatch {
  const watch = new OrderedWatch(options);
  watch.begin();
  return watch;
}

class OrderedWatch implements MergedWatch {
  readonly #options: MergedWatchOptions;
  readonly #shardStreams = new Map<string, ShardStream>();
  #ordered: readonly ShardStream[] = [];
  #position: Revision;
  #lastEmitted: Revision;
  #starting: boolean;
  #flowing = true;
  #over = false;
  #following: Disposable | undefined;
  #timer: Disposable | undefined;
  #refreshing = false;
  #refreshedMs = Number.NEGATIVE_INFINITY;

  constructor(options: MergedWatchOptions) {
    this.#options = options;
    this.#starting = options.initial;
    // Only a position over all shards says that ties were seen.
    const { revision, shard } = options.from;
    this.#position = shard === mergedShardNumber ? revision : asRevision(Math.max(0, revision - 1));
    this.#lastEmitted = options.from.revision;
  }

  begin(): void {
    const { shards, from, initial } = this.#options;
    const included = shards.current().shards.filter((shard) => this.#options.includes(shard));
    for (const shard of included) {
      const refusal = resumeRefusal(from, shard);
      if (refusal !== undefined) throw refusal;
      if (initial && shard.excludedAt !== undefined) throw expiredAround(shard);
    }
    for (const shard of included) this.#add(shard, resumeRevision(from, shard), initial);
    let first = true;
    this.#following = shards.follow((state) => {
      // What it is called with while it subscribes is what the shard streams were just made of.
      if (!first) this.#shardsChanged(state.shards);
    });
    first = false;
    this.#pumpSoon(0);
  }

  #add(shard: ShardRecord, from: Revision, initial: boolean): void {
    const deps = {
      open: this.#options.open,
      clock: this.#options.clock,
      changed: () => this.#pump(),
      failed: (error: StatusError | undefined) => this.#end(error ?? (this.#starting ? unavailable(shard) : undefined)),
      initial: (event: MergedEvent) => this.#emit([event]),
      broken: () =>
        this.#end(
          StatusError.expired(`shard ${JSON.stringify(shard.name)} went back on its progress; start again from a list`),
        ),
    };
    // It has nothing at or below its join revision, for any watch.
    const joined = shard.joinRevision > from;
    const shardStream = new ShardStream(deps, shard, joined ? shard.joinRevision : from, initial && !joined);
    shardStream.joining = joined;
    if (shard.excludedAt !== undefined) shardStream.excludedAt = shard.excludedAt;
    this.#shardStreams.set(shard.name, shardStream);
    this.#ordered = [...this.#shardStreams.values()].sort((left, right) => left.shard.number - right.shard.number);
    if (shardStream.excludedAt === undefined) shardStream.open();
  }

  #shardsChanged(all: readonly ShardRecord[]): void {
    if (this.#over) return;
    const known = new Map(all.filter((shard) => this.#options.includes(shard)).map((shard) => [shard.name, shard]));
    for (const shardStream of this.#ordered) {
      const shard = known.get(shardStream.shard.name);
      if (shard === undefined) return void this.#end(expiredAround(shardStream.shard));
      // A return that was not known when the stream began: it may have begun inside the absence.
      if (shard.absences !== shardStream.shard.absences && isInsideAbsence(this.#options.from, shard))
        return void this.#end(expiredAround(shard));
      shardStream.shard = shard;
      if (shard.excludedAt === shardStream.excludedAt) continue;
      // It returns, having committed what was not shown; or it is left out, and not all that came
      // before has been seen here.
      if (shard.excludedAt === undefined || shardStream.excludedAt !== undefined)
        return void this.#end(expiredAround(shard));
      if (shardStream.starting || shardStream.progress < shard.excludedAt) return void this.#end(expiredAround(shard));
      shardStream.exclude(shard.excludedAt);
    }
    for (const shard of known.values()) {
      if (this.#shardStreams.has(shard.name)) continue;
      if (shard.joinRevision < Math.max(this.#position, this.#lastEmitted) || shard.excludedAt !== undefined)
        return void this.#end(expiredAround(shard));
      this.#add(shard, this.#position, false);
    }
    this.#pump();
  }

  /**
   * How far every shard that takes part has got. A join revision lies ahead of all clocks, so a
   * shard that only joins holds others back where it must, and takes nobody there.
   */
  #frontier(): Revision {
    let frontier = Number.POSITIVE_INFINITY;
    let received = false;
    for (const shardStream of this.#ordered) {
      if (shardStream.excludedAt !== undefined) continue;
      received ||= !shardStream.joining;
      if (shardStream.progress < frontier) frontier = shardStream.progress;
    }
    return received ? asRevision(frontier) : this.#position;
  }

  #pump(): void {
    if (this.#over || !this.#flowing) return;
    if (this.#options.shards.silentForMs() > silentMsMax) {
      this.#refreshMembership();
      return;
    }
    if (this.#starting) {
      if (this.#ordered.some(({ starting }) => starting)) return;
      this.#starting = false;
      this.#options.handler.started(this.#options.from.revision);
    }
    const frontier = this.#frontier();
    const events = this.#take(frontier);
    if (events.length > 0) {
      this.#emit(events);
      this.#options.emitted?.(this.#lastEmitted);
    }
    if (this.#over) return;
    const more = this.#ordered.some(
      (shardStream) => (shardStream.head()?.revision ?? Number.POSITIVE_INFINITY) <= frontier,
    );
    if (more) {
      if (this.#flowing) this.#pumpSoon(0);
      return;
    }
    if (frontier > this.#position) this.#position = frontier;
    this.#requestProgress();
  }

  /**
   * Goes on when the membership has answered: it is asked at once where an event waits, and seldom
   * where only the position would move.
   */
  #refreshMembership(): void {
    const { shards, clock } = this.#options;
    const now = clock.monotonic();
    const isAwaited = this.#starting || this.#ordered.some((shardStream) => shardStream.head() !== undefined);
    if (this.#refreshing || (!isAwaited && now - this.#refreshedMs < quietRefreshMs)) return;
    this.#refreshing = true;
    this.#refreshedMs = now;
    void shards.refresh().then(() => {
      this.#refreshing = false;
      if (!this.#over) this.#pumpSoon(0);
    });
  }

  #take(frontier: Revision): MergedEvent[] {
    const events: MergedEvent[] = [];
    const touched = new Set<ShardStream>();
    while (events.length < piece) {
      let first: ShardStream | undefined;
      let event: MergedEvent | undefined;
      for (const shardStream of this.#ordered) {
        const head = shardStream.head();
        if (head === undefined || head.revision > frontier) continue;
        // Shard streams are in the order of their numbers, which decides between equal revisions.
        if (event === undefined || head.revision < event.revision) [first, event] = [shardStream, head];
      }
      if (first === undefined || event === undefined) break;
      first.shift();
      touched.add(first);
      events.push(event);
    }
    for (const shardStream of touched) shardStream.emptied();
    return events;
  }

  #emit(events: readonly MergedEvent[]): void {
    this.#lastEmitted = events.at(-1)?.revision ?? this.#lastEmitted;
    if (this.#options.handler.events(events)) return;
    this.#flowing = false;
    for (const shardStream of this.#ordered) shardStream.hold(true);
  }

  #requestProgress(): void {
    let past = 0;
    for (const shardStream of this.#ordered) past = Math.max(past, shardStream.newest() ?? 0);
    if (past === 0) return;
    for (const shardStream of this.#ordered) {
      if (shardStream.excludedAt === undefined && shardStream.progress < past)
        this.#options.progressRequester.requestProgress(shardStream.shard, asRevision(past));
    }
  }

  #pumpSoon(milliseconds: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimer(milliseconds, () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  drained(): void {
    if (this.#over || this.#flowing) return;
    this.#flowing = true;
    for (const shardStream of this.#ordered) shardStream.hold(false);
    this.#pumpSoon(0);
  }

  position(): Revision | undefined {
    return this.#starting || this.#lastEmitted > this.#position ? undefined : this.#position;
  }

  #end(error: StatusError | undefined): void {
    if (this.#over) return;
    this[Symbol.dispose]();
    this.#options.handler.end(error);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#following?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    for (const shardStream of this.#ordered) shardStream[Symbol.dispose]();
  }
}

function unavailable(shard: ShardRecord): StatusError {
  return new StatusError('ServiceUnavailable', `shard ${JSON.stringify(shard.name)} cannot be reached`, {
    retryAfterSeconds: 1,
  });
}
