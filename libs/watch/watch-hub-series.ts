import type { Series } from '@kcp-ts/observability';
import type { WatchHub } from './watch-hub.ts';

/** The metrics of a watch hub. */
export function watchHubSeries(hub: Pick<WatchHub, 'sizes'>): Series {
  return {
    kind: 'gauge',
    name: 'kcp_watch_hub',
    help: 'Watchers, distinct ranges, and watchers that catch up.',
    labels: ['what'],
    read: () => Object.entries(hub.sizes()).map(([what, value]) => [{ what }, value]),
  };
}
