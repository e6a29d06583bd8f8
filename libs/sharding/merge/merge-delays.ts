/** How long events wait in merged streams, for metrics. */
import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { Series } from '@kcp-ts/observability';
import { createHistogram } from '@kcp-ts/observability';
import { revisionAt } from '@kcp-ts/storage';

export interface MergeDelays {
  /** The last of some events that were just sent to a client, by its revision. */
  observe(revision: Revision): void;
  readonly series: readonly Series[];
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMergeDelays(clock: Pick<Clock, 'now'>): MergeDelays {
  const delays = createHistogram(bounds);
  return {
    // A revision is the time of the commit in microseconds, by the clock of its shard.
    observe: (revision) => delays.observe(Math.max(0, (revisionAt(clock.now()) - revision) / 1e6)),
    series: [
      {
        kind: 'histogram',
        name: 'kcp_merged_watch_delay_seconds',
        help: 'Seconds from the commit of an event, by the clock of its shard, until merged watches were sent it; of the last one of each batch.',
        read: () => [[{}, delays]],
      },
    ],
  };
}
