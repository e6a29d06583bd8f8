/**
 * The progress of this shard, sent to the watches of other services: once a second, and at once
 * when one of them waits for it. They order events of several shards by it, so that an idle shard
 * holds nobody up for longer than a question takes.
 */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import type { WatchHub } from '@kcp-ts/watch';
import { tellAll } from './tell-all.ts';

export interface Progress extends Disposable {
  /** Called with revisions that nothing will be committed at or below any more. */
  add(send: (revision: Revision) => void): Disposable;
  /**
   * Makes progress past a revision, as far as this shard's clock allows, tells everybody, and
   * resolves to it.
   */
  requestProgress(past: Revision): Promise<Revision>;
}

const intervalMs = 1_000;

export interface ProgressDependencies {
  readonly hub: WatchHub;
  readonly clock: Clock;
  /**
   * Takes note of a revision received from another shard: what is promised from now on is above it.
   */
  observe(past: Revision): void;
}

export function createProgress({ hub, clock, observe }: ProgressDependencies): Progress {
  const senders = new Set<(revision: Revision) => void>();

  async function tell(past?: Revision): Promise<Revision> {
    // The hub has handed on everything up to a promise when it is kept, so what is sent of it never
    // overtakes an event.
    const revision = await hub.progress(past);
    tellAll(senders, revision);
    return revision;
  }

  const timer = every(clock, intervalMs, () => {
    if (senders.size > 0) tell().catch(() => undefined);
  });
  return {
    add(send) {
      senders.add(send);
      return { [Symbol.dispose]: () => void senders.delete(send) };
    },
    requestProgress(past) {
      observe(past);
      return tell(past);
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
