/** Those that went on are forgotten in portions. */
const forgetMin = 1000;

/**
 * Lets everything else that waits go first. Of several that pause only one goes on in each turn of
 * the event loop: each then works for a slice, and many long reads at once must not hold the others
 * up longer than one does.
 */
export function createPause(nextTurn: (run: () => void) => void): () => Promise<void> {
  let waiting: (() => void)[] = [];
  let next = 0;
  const resume = () => {
    waiting[next++]?.();
    if (next >= forgetMin) {
      waiting = waiting.slice(next);
      next = 0;
    }
    if (next < waiting.length) nextTurn(resume);
    else {
      waiting = [];
      next = 0;
    }
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) nextTurn(resume);
    });
}
