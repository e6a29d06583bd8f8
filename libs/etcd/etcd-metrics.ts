/**
 * Requests to etcd as kube-apiserver's metrics count them: `operation` is the call of etcd's API,
 * `type` what is kept there.
 */
import type { Clock } from '@kcp-ts/base';
import type { Histogram, Series } from '@kcp-ts/observability';
import { createHistogram } from '@kcp-ts/observability';

export interface EtcdMetrics {
  /** Of one client; call what it returns when a call has ended. */
  of(type: 'shard' | 'membership'): (operation: string) => (succeeded: boolean) => void;
  readonly series: readonly Series[];
}

/** kube-apiserver's, k8s.io/apiserver/pkg/storage/etcd3/metrics. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Counted {
  readonly labels: { readonly operation: string; readonly type: string };
  readonly seconds: Histogram;
  failures: number;
}

export function createEtcdMetrics(clock: Pick<Clock, 'monotonic'>): EtcdMetrics {
  /** One for each call of etcd's API that is used, and each use. */
  const counted = new Map<string, Counted>();

  function countedOf(operation: string, type: string): Counted {
    const key = `${type} ${operation}`;
    let found = counted.get(key);
    if (found === undefined) {
      found = { labels: { operation, type }, seconds: createHistogram(bounds), failures: 0 };
      counted.set(key, found);
    }
    return found;
  }

  const labels = ['operation', 'type'];
  const all = () => [...counted.values()];
  return {
    of: (type) => (operation) => {
      const beganMs = clock.monotonic();
      return (succeeded) => {
        const found = countedOf(operation, type);
        found.seconds.observe((clock.monotonic() - beganMs) / 1_000);
        if (!succeeded) found.failures++;
      };
    },
    series: [
      {
        kind: 'histogram',
        name: 'etcd_request_duration_seconds',
        help: 'Etcd request latency in seconds for each operation and object type.',
        labels,
        read: () => all().map((each) => [each.labels, each.seconds]),
      },
      {
        kind: 'counter',
        name: 'etcd_requests_total',
        help: 'Etcd request counts for each operation and object type.',
        labels,
        read: () => all().map((each) => [each.labels, each.seconds.buckets().at(-1)?.[1] ?? 0]),
      },
      {
        kind: 'counter',
        name: 'etcd_request_errors_total',
        help: 'Etcd failed request counts for each operation and object type.',
        labels,
        read: () => all().map((each) => [each.labels, each.failures]),
      },
    ],
  };
}
