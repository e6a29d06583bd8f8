/**
 * Bodies on their way: each has to arrive within the same time, with one look at the clock now and
 * then for all of them, since a timer each would cost more than what it bounds; and all that has
 * arrived of them is bounded, so that many clients that each send slowly do not hold all memory.
 */
export interface Deadlines {
  /**
   * `late` runs at the first sweep after the time is over, or when there is no room for more and it
   * has waited longest; unless removed.
   */
  add(late: () => void): void;
  /** So many more bytes of it have arrived. */
  grow(late: () => void, bytes: number): void;
  remove(late: () => void): void;
  sweep(): void;
}

export function createDeadlines(timeoutMs: number, bytesMax: number, now: () => number): Deadlines {
  /** In order of their beginning, hence of their end. */
  const begun = new Map<() => void, { readonly sinceMs: number; bytes: number }>();
  let total = 0;

  function remove(late: () => void): void {
    const body = begun.get(late);
    if (body === undefined) return;
    total -= body.bytes;
    begun.delete(late);
  }

  return {
    add(late) {
      begun.set(late, { sinceMs: now(), bytes: 0 });
    },
    grow(late, bytes) {
      const body = begun.get(late);
      if (body === undefined) return;
      body.bytes += bytes;
      total += bytes;
      for (const oldest of begun.keys()) {
        if (total <= bytesMax) return;
        if (oldest === late) continue;
        remove(oldest);
        oldest();
      }
    },
    remove,
    sweep() {
      const limit = now() - timeoutMs;
      for (const [late, { sinceMs }] of begun) {
        if (sinceMs > limit) return;
        remove(late);
        late();
      }
    },
  };
}
