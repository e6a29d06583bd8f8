/**
 * One timer for the bookmarks of all watches: a client that only sees old events of its own
 * selection can still resume from a recent revision.
 */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { WatchHub } from '@kcp-ts/watch';
import { tellAll } from './tell-all.ts';

export interface Bookmarks extends Disposable {
  /**
   * Called with a revision that nothing will be committed at or below any more, about once an
   * interval.
   */
  add(send: (revision: Revision) => void): Disposable;
}

export function createBookmarks(hub: WatchHub, clock: Clock, intervalMs: number): Bookmarks {
  const senders = new Set<(revision: Revision) => void>();

  async function tick(): Promise<void> {
    if (senders.size === 0) return;
    // The hub has handed on everything up to a promise when it is kept, so a bookmark never
    // overtakes an event.
    tellAll(senders, await hub.progress());
  }

  // Where the store promises nothing now, it may the next time.
  const timer = every(clock, intervalMs, () => void tick().catch(() => undefined));
  return {
    add(send) {
      senders.add(send);
      return { [Symbol.dispose]: () => senders.delete(send) };
    },
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
    },
  };
}
