/**
 * Reads at a revision: what is there now, with the newer events of that range undone. Between two slices of a long read the store goes on, so
 * every slice first undoes what was committed since the one before; the page stays as of its revision.
 */
import type { Revision } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { KeyRange } from '../key-range.ts';
import { clusterOrderOf, compareKeys, compileRange } from '../key-range.ts';
import type { Entry, ListOptions, Store, StoreEvent } from '../store.ts';
import type { Backend, StoredEntry } from './backend.ts';

/** A slice of synchronous work ends after this, so that nobody else waits for more than 10 ms. */
const sliceMs = 5;
const entriesBetweenLooksAtTheClock = 32;

export interface ReaderNeeds {
  currentRevision(): Revision;
  floor(): Revision;
  monotonic(): number;
  /** Lets everything else that waits go first. */
  pause(): Promise<void>;
}

export type Reader = Pick<Store, 'list' | 'scan' | 'count' | 'history'>;

interface Walk<Item> {
  walk(range: KeyRange, after: string | undefined, visit: (item: Item) => boolean): void;
  keyOf(item: Item): string;
  fromEntry(entry: StoredEntry): Item;
}

export function createReader(backend: Backend, needs: ReaderNeeds): Reader {
  const entries: Walk<Entry> = { walk: backend.walk, keyOf: (entry) => entry.key, fromEntry: (entry) => entry };
  const keys: Walk<string> = { walk: backend.walkKeys, keyOf: (key) => key, fromEntry: (entry) => entry.key };

  async function readAt<Item>(
    range: KeyRange,
    at: Revision,
    after: string | undefined,
    kind: Walk<Item>,
    emit: (item: Item) => boolean,
  ): Promise<void> {
    const undo = createUndo(range, at);
    let last = after;
    for (;;) {
      assertKept(at);
      const slice = startSlice();
      if (undo.catchUp(slice)) {
        const reached = readSlice(range, undo, last, kind, slice, emit);
        if (reached === undefined) return;
        last = reached;
      }
      await needs.pause();
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

  function createUndo(range: KeyRange, at: Revision): Undo {
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
      catchUp(slice) {
        const current = needs.currentRevision();
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
        return after === undefined || sorted.length === 0
          ? sorted
          : sorted.filter((entry) => compare(entry.key, after) > 0);
      },
    };
  }

  function startSlice(): Slice {
    const until = needs.monotonic() + sliceMs;
    let looks = 0;
    return { isOver: () => ++looks % entriesBetweenLooksAtTheClock === 0 && needs.monotonic() >= until };
  }

  function assertKept(revision: Revision): void {
    const floor = needs.floor();
    if (revision < floor) throw StatusError.expired(`too old resource version: ${revision} (${floor})`);
  }

  async function list(range: Parameters<Store['list']>[0], options: ListOptions = {}) {
    const revision = options.at ?? needs.currentRevision();
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const found: Entry[] = [];
    let more = false;
    await readAt(compileRange(range), revision, options.after, entries, (entry) => {
      more = found.length >= limit;
      if (!more) found.push(entry);
      return !more;
    });
    return { entries: found, revision, more };
  }

  return {
    list,
    scan(range, limit) {
      const found: Entry[] = [];
      if (limit > 0) backend.walk(compileRange(range), undefined, (entry) => found.push(entry) < limit);
      return found;
    },
    async count(range, options = {}) {
      const atMost = options.atMost ?? Number.POSITIVE_INFINITY;
      let counted = 0;
      if (atMost > 0)
        await readAt(
          compileRange(range),
          options.at ?? needs.currentRevision(),
          options.after,
          keys,
          () => ++counted < atMost,
        );
      return counted;
    },
    async *history(range, after, upTo) {
      const compiled = compileRange(range);
      let seen = after;
      for (;;) {
        assertKept(seen);
        const slice = startSlice();
        const last = Math.min(upTo, needs.currentRevision()) as Revision;
        const { events, finished } = collectEvents(backend, compiled, seen, last, slice);
        seen = events.at(-1)?.revision ?? seen;
        if (events.length > 0) yield events;
        if (finished) return;
        await needs.pause();
      }
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
  catchUp(slice: Slice): boolean;
  /** What was there at the revision and is not or not like that now, in the range's order, behind a key. */
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
