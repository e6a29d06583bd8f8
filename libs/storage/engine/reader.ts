/**
 * Reads at a revision: what is there now, with the newer events of that range undone. Between two
 * slices of a long read the store goes on, so every slice first undoes what was committed since the
 * one before; the page stays as of its revision.
 */
import type { Revision } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys, compileRange } from '../key-range.ts';
import type { Entry, ListOptions, ListPage, Range, Store, StoreEvent } from '../store.ts';
import type { Backend, StoredEntry } from './backend.ts';

/** A slice of synchronous work ends after this, so that nobody else waits for more than 10 ms. */
const sliceMs = 5;
const entriesBetweenLooksAtTheClock = 32;

export interface ReaderDependencies {
  currentRevision(): Revision;
  floor(): Revision;
  monotonic(): number;
  /** Lets everything else that waits go first. */
  pause(): Promise<void>;
}

export type Reader = Pick<Store, 'list' | 'scan' | 'recent' | 'count' | 'history'>;

interface Walk<Item> {
  walk(range: KeyRange, after: string | undefined, visit: (item: Item) => boolean): void;
  keyOf(item: Item): string;
  fromEntry(entry: StoredEntry): Item;
}

export function createReader(backend: Backend, deps: ReaderDependencies): Reader {
  return new RevisionReader(backend, deps);
}

class RevisionReader implements Reader {
  readonly #backend: Backend;
  readonly #deps: ReaderDependencies;
  readonly #entries: Walk<Entry>;
  readonly #keys: Walk<string>;

  constructor(backend: Backend, deps: ReaderDependencies) {
    this.#backend = backend;
    this.#deps = deps;
    this.#entries = {
      walk: (...walk) => backend.walk(...walk),
      keyOf: (entry) => entry.key,
      fromEntry: (entry) => entry,
    };
    this.#keys = { walk: (...walk) => backend.walkKeys(...walk), keyOf: (key) => key, fromEntry: (entry) => entry.key };
  }

  async list(range: Range, options: ListOptions = {}): Promise<ListPage> {
    const revision = options.at ?? this.#deps.currentRevision();
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    const entries: Entry[] = [];
    let bytes = 0;
    let more = false;
    await this.#readAt(compileRange(range), revision, options.after, this.#entries, (entry) => {
      more = entries.length >= limit || bytes >= bytesMax;
      if (more) return false;
      entries.push(entry);
      bytes += entry.value.length;
      return true;
    });
    return { entries, revision, more };
  }

  scan(range: Range, limit: number, after?: string): readonly Entry[] {
    const found: Entry[] = [];
    if (limit > 0) this.#backend.walk(compileRange(range), after, (entry) => found.push(entry) < limit);
    return found;
  }

  recent(range: Range, after: Revision, limit: number): readonly StoreEvent[] {
    this.#assertKept(after);
    const found: StoreEvent[] = [];
    const visit = (event: StoreEvent) => found.push(event) < limit;
    if (limit > 0) this.#backend.walkEvents(compileRange(range), after, this.#deps.currentRevision(), visit);
    return found;
  }

  async count(range: Range, options: Parameters<Store['count']>[1] = {}): Promise<number> {
    const atMost = options.atMost ?? Number.POSITIVE_INFINITY;
    const at = options.at ?? this.#deps.currentRevision();
    let counted = 0;
    if (atMost > 0) await this.#readAt(compileRange(range), at, options.after, this.#keys, () => ++counted < atMost);
    return counted;
  }

  async *history(range: Range, after: Revision, upTo: Revision): AsyncGenerator<readonly StoreEvent[]> {
    const compiled = compileRange(range);
    let seen = after;
    for (;;) {
      this.#assertKept(seen);
      const last = Math.min(upTo, this.#deps.currentRevision()) as Revision;
      const { events, finished } = collectEvents(this.#backend, compiled, seen, last, this.#startSlice());
      seen = events.at(-1)?.revision ?? seen;
      if (events.length > 0) yield events;
      if (finished) return;
      await this.#deps.pause();
    }
  }

  async #readAt<Item>(
    range: KeyRange,
    at: Revision,
    after: string | undefined,
    kind: Walk<Item>,
    emit: (item: Item) => boolean,
  ): Promise<void> {
    const undo = createUndo(this.#backend, range, at);
    let last = after;
    for (;;) {
      this.#assertKept(at);
      const slice = this.#startSlice();
      if (undo.catchUp(this.#deps.currentRevision(), slice)) {
        const reached = readSlice(range, undo, last, kind, slice, emit);
        if (reached === undefined) return;
        last = reached;
      }
      await this.#deps.pause();
    }
  }

  #startSlice(): Slice {
    const { monotonic } = this.#deps;
    const until = monotonic() + sliceMs;
    let looks = 0;
    return { isOver: () => ++looks % entriesBetweenLooksAtTheClock === 0 && monotonic() >= until };
  }

  #assertKept(revision: Revision): void {
    const floor = this.#deps.floor();
    if (revision < floor) throw StatusError.expired(`too old resource version: ${revision} (${floor})`);
  }
}

/** The key that was looked at last, where the slice ran out before the range did. */
function readSlice<Item>(
  range: KeyRange,
  undo: Undo,
  after: string | undefined,
  kind: Walk<Item>,
  slice: Slice,
  emit: (item: Item) => boolean,
): string | undefined {
  const restored = undo.restored(after);
  let next = 0;
  let stopped = false;
  let reached: string | undefined;
  function emitRestored(upTo: string | undefined): boolean {
    for (let entry = restored[next]; entry !== undefined; entry = restored[next]) {
      if (upTo !== undefined && undo.compare(entry.key, upTo) > 0) return true;
      next++;
      if (!emit(kind.fromEntry(entry))) return false;
    }
    return true;
  }
  kind.walk(range, after, (item) => {
    const key = kind.keyOf(item);
    stopped = (next < restored.length && !emitRestored(key)) || !(undo.has(key) || emit(item));
    if (!stopped && slice.isOver()) reached = key;
    return !stopped && reached === undefined;
  });
  if (!stopped && reached === undefined) emitRestored(undefined);
  return reached;
}

function createUndo(backend: Backend, range: KeyRange, at: Revision): Undo {
  const before = new Map<string, StoredEntry | undefined>();
  const compare =
    range.order === 'key'
      ? compareKeys
      : (left: string, right: string) => compareKeys(clusterOrderOf(left), clusterOrderOf(right));
  let undone = at;
  let sorted: readonly StoredEntry[] | undefined = [];
  return {
    compare,
    has: (key) => before.size !== 0 && before.has(key),
    catchUp(current, slice) {
      if (undone >= current) return true;
      let finished = true;
      backend.walkEvents(range, undone, current, (event) => {
        if (!before.has(event.key)) {
          before.set(event.key, entryBefore(event));
          sorted = undefined;
        }
        undone = event.revision;
        finished = !slice.isOver();
        return finished;
      });
      if (finished) undone = current;
      return finished;
    },
    restored(after) {
      sorted ??= [...before.values()].filter((entry) => entry !== undefined).sort((a, b) => compare(a.key, b.key));
      return after === undefined || sorted.length === 0 ? sorted : sorted.filter(({ key }) => compare(key, after) > 0);
    },
  };
}

interface Slice {
  /** Asked once per entry; looks at the clock now and then. */
  isOver(): boolean;
}

interface Undo {
  has(key: string): boolean;
  /** False when the slice ran out first. */
  catchUp(current: Revision, slice: Slice): boolean;
  /**
   * What was there at the revision and is not or not like that now, in the range's order, behind a
   * key.
   */
  restored(after: string | undefined): readonly StoredEntry[];
  compare(left: string, right: string): number;
}

function entryBefore(event: StoreEvent): StoredEntry | undefined {
  const { key, createRevision, previous } = event;
  return previous === undefined ? undefined : { key, createRevision, ...previous, expiresAt: 0 };
}

const batchEventsMax = 500;
const batchBytesMax = 1_000_000;

function collectEvents(backend: Backend, range: KeyRange, after: Revision, upTo: Revision, slice: Slice) {
  const events: StoreEvent[] = [];
  let bytes = 0;
  let finished = true;
  backend.walkEvents(range, after, upTo, (event) => {
    events.push(event);
    bytes += event.value.length + (event.previous?.value.length ?? 0);
    finished = !(events.length >= batchEventsMax || bytes >= batchBytesMax || slice.isOver());
    return finished;
  });
  return { events: events as readonly StoreEvent[], finished };
}
