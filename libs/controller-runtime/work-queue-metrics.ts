/**
 * What is measured of work queues: the series, helps and buckets of client-go's provider in
 * k8s.io/component-base.
 */
import type { Histogram, Series } from '@kcp-ts/observability';
import { createHistogram } from '@kcp-ts/observability';

export interface WorkQueueMetrics {
  added(): void;
  retried(): void;
  /** A key was taken after it had waited so long. */
  taken(waitedMs: number): void;
  /** A key was done after so long. */
  worked(workedMs: number): void;
  readonly values: WorkQueueValues;
}

export interface WorkQueueValues {
  depth(): number;
  adds(): number;
  retries(): number;
  readonly queueDuration: Histogram;
  readonly workDuration: Histogram;
  /** Of all keys that are being reconciled, together. */
  unfinishedSeconds(): number;
  /** Of the one that has been reconciled longest. */
  longestSeconds(): number;
}

export interface WorkQueueMetricsDependencies {
  depth(): number;
  /** When each key was taken that is being reconciled. */
  startTimes(): Iterable<number>;
  now(): number;
}

/** 10 ns to 1,000 s. */
const durationBounds = Array.from({ length: 12 }, (_, i) => Number(`1e${i - 8}`));

export function createWorkQueueMetrics({ depth, startTimes, now }: WorkQueueMetricsDependencies): WorkQueueMetrics {
  let adds = 0;
  let retries = 0;
  const queueDuration = createHistogram(durationBounds);
  const workDuration = createHistogram(durationBounds);
  const runningSeconds = () => [...startTimes()].map((startedAt) => (now() - startedAt) / 1_000);
  return {
    added: () => void adds++,
    retried: () => void retries++,
    taken: (waitedMs) => queueDuration.observe(waitedMs / 1_000),
    worked: (workedMs) => workDuration.observe(workedMs / 1_000),
    values: {
      depth,
      queueDuration,
      workDuration,
      adds: () => adds,
      retries: () => retries,
      unfinishedSeconds: () => runningSeconds().reduce((all, seconds) => all + seconds, 0),
      longestSeconds: () => Math.max(0, ...runningSeconds()),
    },
  };
}

/** The series of some queues; the label `name` is the controller's. */
export function workQueueSeries(queues: ReadonlyMap<string, WorkQueueValues>): readonly Series[] {
  const values = (kind: 'counter' | 'gauge', name: string, help: string, read: (queue: WorkQueueValues) => number) =>
    ({
      kind,
      name: `workqueue_${name}`,
      help,
      labels: ['name'],
      read: () => [...queues].map(([queue, metrics]) => [{ name: queue }, read(metrics)] as const),
    }) satisfies Series;
  const durations = (name: string, help: string, read: (queue: WorkQueueValues) => Histogram) =>
    ({
      kind: 'histogram',
      name: `workqueue_${name}`,
      help,
      labels: ['name'],
      read: () => [...queues].map(([queue, metrics]) => [{ name: queue }, read(metrics)] as const),
    }) satisfies Series;
  return [
    values('gauge', 'depth', 'Current depth of workqueue', ({ depth }) => depth()),
    values('counter', 'adds_total', 'Total number of adds handled by workqueue', ({ adds }) => adds()),
    durations(
      'queue_duration_seconds',
      'How long in seconds an item stays in workqueue before being requested.',
      ({ queueDuration }) => queueDuration,
    ),
    durations(
      'work_duration_seconds',
      'How long in seconds processing an item from workqueue takes.',
      ({ workDuration }) => workDuration,
    ),
    values(
      'gauge',
      'unfinished_work_seconds',
      "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
      ({ unfinishedSeconds }) => unfinishedSeconds(),
    ),
    values(
      'gauge',
      'longest_running_processor_seconds',
      'How many seconds has the longest running processor for workqueue been running.',
      ({ longestSeconds }) => longestSeconds(),
    ),
    values('counter', 'retries_total', 'Total number of retries handled by workqueue', ({ retries }) => retries()),
  ];
}
