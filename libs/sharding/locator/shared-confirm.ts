/**
 * One confirmation at a time for all who ask: who comes while one is under way shares the next,
 * since the one that runs may have asked too early. Resolves to undefined where it failed.
 */
export function sharedConfirm<Answer>(confirm: () => Promise<Answer>): () => Promise<Answer | undefined> {
  let running: Promise<Answer | undefined> | undefined;
  let next: Promise<Answer | undefined> | undefined;
  const start = (): Promise<Answer | undefined> => {
    const started = confirm()
      .catch(() => undefined)
      .finally(() => {
        if (running === started) running = undefined;
      });
    running = started;
    return started;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
