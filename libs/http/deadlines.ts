/** Many things that must happen within the same time, and one look at the clock now and then for all of them: a timer each would cost more than what it guards. */
export interface Deadlines {
  /** `late` runs at the first sweep after the time is over, unless removed. */
  add(late: () => void): void;
  remove(late: () => void): void;
  sweep(): void;
}

export function createDeadlines(timeoutMs: number, now: () => number): Deadlines {
  /** In order of their beginning, hence of their end. */
  const begun = new Map<() => void, number>();
  return {
    add(late) {
      begun.set(late, now());
    },
    remove(late) {
      begun.delete(late);
    },
    sweep() {
      const limit = now() - timeoutMs;
      for (const [late, since] of begun) {
        if (since > limit) return;
        begun.delete(late);
        late();
      }
    },
  };
}
