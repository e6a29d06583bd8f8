/** One timer for the bookmarks of all watches: a client that only sees old events of its own selection can still resume from a recent revision. */
import type { Clock } from '@kcp-ts/base';
import type { Revision } from '@kcp-ts/meta';
import type { WatchHub } from '@kcp-ts/watch';

export interface Bookmarks extends Disposable {
  /** Told a revision that nothing will be committed at or below any more, about once an interval. */
  add(send: (revision: Revision) => void): Disposable;
}

export function createBookmarks(hub: WatchHub, clock: Clock, intervalMs: number): Bookmarks {
  const senders = new Set<(revision: Revision) => void>();
  let timer: Disposable | undefined;

  function schedule(): void {
    timer = clock.setTimer(intervalMs, () => {
      void tick();
    });
  }

  async function tick(): Promise<void> {
    if (senders.size > 0) {
      // The hub has handed on everything up to a promise when it is kept, so a bookmark never overtakes an event.
      const revision = await hub.progress();
      for (const send of senders) send(revision);
    }
    if (timer !== undefined) schedule();
  }

  schedule();
  return {
    add(send) {
      senders.add(send);
      return { [Symbol.dispose]: () => senders.delete(send) };
    },
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      timer = undefined;
    },
  };
}
