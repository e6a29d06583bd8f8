import { createMetricsPage } from '@kcp-ts/observability';
import { createManualClock } from '@kcp-ts/storage/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WorkQueue } from './work-queue.ts';
import { createWorkQueue } from './work-queue.ts';
import { workQueueSeries } from './work-queue-metrics.ts';

let clock: ReturnType<typeof createManualClock>;
let queue: WorkQueue;

beforeEach(() => {
  clock = createManualClock();
  queue = createWorkQueue(clock);
});

/** Takes a key that must be there, and works on it for so long. */
function work(ms: number): boolean {
  const key = queue.take();
  if (key === undefined) throw new Error('No key waits');
  clock.advance(ms);
  return queue.done(key);
}

describe('createWorkQueue', () => {
  it('has a key once, and gives the one first that has waited longest', () => {
    for (const key of ['a', 'b', 'a']) queue.add(key);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', undefined]);
  });

  it('keeps a key that is added while it is worked on until that is done', () => {
    queue.add('a');
    queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.take()).toBeUndefined();
    expect(queue.done('a')).toBe(true);
    expect(queue.take()).toBe('a');
    expect(queue.done('a')).toBe(false);
    expect(queue.take()).toBeUndefined();
  });

  it('adds a key after a while, unless it is added before', () => {
    const ready: string[] = [];
    for (const key of ['a', 'b']) queue.addAfter(key, { ms: 100, why: `for ${key}` }, () => ready.push(key));
    expect([...queue.delayed()]).toEqual([
      ['a', 'for a'],
      ['b', 'for b'],
    ]);
    queue.add('a');
    expect([...queue.delayed().keys()]).toEqual(['b']);
    expect(queue.take()).toBe('a');
    clock.advance(100);
    expect([ready, queue.take(), queue.take()]).toEqual([['b'], 'b', undefined]);
  });

  it('has nothing and waits for nothing once it is disposed', () => {
    queue.add('a');
    queue.addAfter('b', { ms: 100, why: '' }, () => undefined);
    queue[Symbol.dispose]();
    expect([queue.take(), clock.isAwaited()]).toEqual([undefined, false]);
  });
});

describe('metrics of a work queue', () => {
  /** The values of the series of this queue, by name. */
  async function values(): Promise<Readonly<Record<string, number>>> {
    const page = await createMetricsPage(workQueueSeries(new Map([['test', queue.metrics.values]])))();
    const lines = page.matchAll(/^workqueue_(\w+)\{name="test"(?:,le="([^"]+)")?\} (\S+)$/gm);
    return Object.fromEntries(
      [...lines].map(([, name, bound, value]) => [[name, bound].join(' ').trim(), Number(value)]),
    );
  }

  it('count adds once while a key waits, and once more while it is worked on', async () => {
    for (const key of ['a', 'a', 'b']) queue.add(key);
    expect(await values()).toMatchObject({ adds_total: 2, depth: 2 });
    queue.take();
    expect(await values()).toMatchObject({ adds_total: 2, depth: 1 });
    queue.add('a');
    queue.add('a');
    expect(await values()).toMatchObject({ adds_total: 3, depth: 2 });
    queue.done('a');
    expect(await values()).toMatchObject({ adds_total: 3, depth: 2 });
  });

  it('count delayed adds as retries, and as adds and depth when their time has come', async () => {
    queue.addAfter('a', { ms: 10, why: 'conflict' }, () => undefined);
    expect(await values()).toMatchObject({ retries_total: 1, adds_total: 0, depth: 0 });
    clock.advance(10);
    expect(await values()).toMatchObject({ retries_total: 1, adds_total: 1, depth: 1 });
  });

  it('say how long keys have waited, and how long they were worked on', async () => {
    queue.add('a');
    clock.advance(50);
    work(2_000);
    expect(await values()).toMatchObject({
      'queue_duration_seconds_bucket 0.01': 0,
      'queue_duration_seconds_bucket 0.1': 1,
      queue_duration_seconds_sum: 0.05,
      queue_duration_seconds_count: 1,
      'work_duration_seconds_bucket 1': 0,
      'work_duration_seconds_bucket 10': 1,
      'work_duration_seconds_bucket +Inf': 1,
      work_duration_seconds_sum: 2,
    });
    queue.add('a');
    clock.advance(1_000);
    queue.take();
    // What is added again while it is worked on waits from then on.
    queue.add('a');
    clock.advance(3_000);
    queue.done('a');
    queue.take();
    expect(await values()).toMatchObject({ queue_duration_seconds_sum: 4.05, work_duration_seconds_sum: 5 });
  });

  it('say of unfinished work how long all of it, and the longest, has been under way', async () => {
    expect(await values()).toMatchObject({ unfinished_work_seconds: 0, longest_running_processor_seconds: 0 });
    queue.add('a');
    queue.add('b');
    queue.take();
    clock.advance(2_000);
    queue.take();
    clock.advance(500);
    expect(await values()).toMatchObject({ unfinished_work_seconds: 3, longest_running_processor_seconds: 2.5 });
    queue.done('a');
    expect(await values()).toMatchObject({ unfinished_work_seconds: 0.5, longest_running_processor_seconds: 0.5 });
  });

  it('have the buckets of client-go: 10 ns to 1,000 s', async () => {
    const bounds = Object.keys(await values()).filter((name) => name.startsWith('work_duration_seconds_bucket'));
    expect(bounds.map((name) => Number(name.slice(29).replace('+Inf', 'Infinity')))).toEqual([
      ...[1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1_000],
      Number.POSITIVE_INFINITY,
    ]);
  });
});
