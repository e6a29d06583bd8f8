import type { Series } from '@kcp-ts/observability';
import type { Store } from './store.ts';

/** The metrics of a store. */
export function storeSeries(store: Pick<Store, 'statistics' | 'fault' | 'sizeBytes'>): readonly Series[] {
  const counter = (what: keyof ReturnType<Store['statistics']>): Series => ({
    kind: 'counter',
    name: `kcp_store_${what}_total`,
    help: `Store: ${what}.`,
    read: () => store.statistics()[what],
  });
  const writable: Series = {
    kind: 'gauge',
    name: 'kcp_store_writable',
    help: 'Whether the store takes commits: 0 while its disk, or etcd, is full or cannot be written.',
    read: () => (store.fault() === undefined ? 1 : 0),
  };
  const size: Series = {
    kind: 'gauge',
    name: 'apiserver_storage_size_bytes',
    help: 'Size of the storage database file physically allocated in bytes.',
    labels: ['storage_cluster_id'],
    read: () => [[{ storage_cluster_id: 'local' }, store.sizeBytes()]],
  };
  return [...(['commits', 'flushes', 'failures', 'operations', 'bytes'] as const).map(counter), writable, size];
}
