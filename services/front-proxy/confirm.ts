/** One confirmation at a time for all who ask: who comes while one is under way shares the next, since the one that runs may have asked too early. */
export function sharedConfirm(confirm: () => Promise<boolean>): () => Promise<boolean> {
  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;
  const start = (): Promise<boolean> => {
    const started = confirm()
      .catch(() => false)
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
