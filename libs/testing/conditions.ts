/** Waits for conditions on what a test's own callbacks change, without polling. */
export interface Conditions {
  /** Something has changed: checks every condition that is waited for. */
  changed(): void;
  /** Resolves when the condition holds; it is checked now, and after each change. */
  until(condition: () => boolean): Promise<void>;
}

export function createConditions(): Conditions {
  const waiting = new Set<() => void>();
  return {
    changed() {
      for (const check of waiting) check();
    },
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
