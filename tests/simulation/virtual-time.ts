/**
 * Time and chance of a simulation: one queue of things to come, and one seed that decides
 * everything.
 */
import type { Clock } from '@kcp-ts/base';

export interface Chance {
  /** In [0, 1). */
  fraction(): number;
  /** In [from, to). */
  between(from: number, to: number): number;
  integer(below: number): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item | undefined;
}

/** The generator "mulberry32": 32 bits of state are enough to tell seeds apart. */
export function createChance(seed: number): Chance {
  let state = (seed * 0x9e3779b1) >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const integer = (below: number) => Math.floor(fraction() * below);
  return {
    fraction,
    between: (from, to) => from + fraction() * (to - from),
    integer,
    happens: (probability) => fraction() < probability,
    pick: (items) => items[integer(items.length)],
  };
}

export interface VirtualTime {
  /** Milliseconds since the simulation began. */
  now(): number;
  at(milliseconds: number, run: () => void): Disposable;
  after(milliseconds: number, run: () => void): Disposable;
  /** The clock of somebody who is never stopped. */
  clock(): Clock;
  /** The wall clock, where it is right: milliseconds since the epoch. */
  wall(): number;
  /** Lets everything happen up to a time. */
  runUntil(milliseconds: number): Promise<void>;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

function before(left: Entry, right: Entry): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

function push(heap: Entry[], entry: Entry): void {
  let i = heap.push(entry) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || before(above, entry)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    let below = heap[child];
    const right = heap[child + 1];
    if (below !== undefined && right !== undefined && before(right, below)) [child, below] = [child + 1, right];
    if (below === undefined || before(last, below)) break;
    heap[i] = below;
    i = child;
  }
  heap[i] = last;
  return first;
}

export function createVirtualTime(epochMs: number): VirtualTime {
  const heap: Entry[] = [];
  let now = 0;
  let order = 0;

  function at(milliseconds: number, run: () => void): Disposable {
    const entry: Entry = { at: Math.max(now, milliseconds), order: order++, run };
    push(heap, entry);
    return {
      [Symbol.dispose]: () => {
        entry.run = undefined;
      },
    };
  }

  return {
    now: () => now,
    at,
    after: (milliseconds, run) => at(now + milliseconds, run),
    wall: () => epochMs + now,
    clock: () => ({
      now: () => epochMs + now,
      monotonic: () => now,
      setTimer: (milliseconds, run) => at(now + milliseconds, run),
    }),
    async runUntil(milliseconds) {
      for (;;) {
        const next = heap[0];
        if (next === undefined || next.at > milliseconds) break;
        pop(heap);
        if (next.run === undefined) continue;
        now = next.at;
        next.run();
        // Behind everything that it has set in motion, however long the chain of promises.
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
      now = milliseconds;
    },
  };
}
