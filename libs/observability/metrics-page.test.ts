import { describe, expect, it } from 'vitest';
import { createHistogram } from './histogram.ts';
import { createMetricsPage } from './metrics-page.ts';

/** The values of a page by series: `name{labels}` as it is written. */
function valuesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('createMetricsPage', () => {
  it('reads the values of each scrape, and forgets labels that are gone', async () => {
    let requests = 2;
    let backends = ['a', 'b'];
    const page = createMetricsPage([
      { kind: 'counter', name: 'test_requests_total', help: 'Requests.', read: () => requests },
      {
        kind: 'gauge',
        name: 'test_open',
        help: 'Backends.',
        labels: ['backend'],
        read: () => backends.map((backend) => [{ backend }, 1]),
      },
    ]);
    const first = valuesOf(await page());
    expect(first.get('test_requests_total')).toBe(2);
    expect(first.get('test_open{backend="b"}')).toBe(1);
    requests = 5;
    backends = ['a'];
    const second = valuesOf(await page());
    expect(second.get('test_requests_total')).toBe(5);
    expect(second.has('test_open{backend="b"}')).toBe(false);
  });

  it('writes a histogram with the count of each bucket, the sum and the count', async () => {
    const histogram = createHistogram([0.1, 1]);
    const page = createMetricsPage([
      {
        kind: 'histogram',
        name: 'test_seconds',
        help: 'Seconds.',
        labels: ['name'],
        read: () => [[{ name: 'a' }, histogram]],
      },
    ]);
    expect(valuesOf(await page()).get('test_seconds_count{name="a"}')).toBe(0);
    for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds);
    const text = await page();
    expect(text).toContain('# TYPE test_seconds histogram');
    const values = valuesOf(text);
    const buckets = ['0.1', '1', '+Inf'].map((bound) => values.get(`test_seconds_bucket{name="a",le="${bound}"}`));
    expect(buckets).toEqual([2, 3, 4]);
    expect(values.get('test_seconds_sum{name="a"}')).toBeCloseTo(7.65);
    expect(values.get('test_seconds_count{name="a"}')).toBe(4);
  });

  it('tells of the process in counters that only grow, from its start', async () => {
    const page = createMetricsPage([]);
    const before = process.cpuUsage();
    const first = valuesOf(await page());
    // What is used while the page is made may be missing.
    expect(first.get('process_cpu_user_seconds_total')).toBeGreaterThan(before.user / 1e6 - 0.05);
    const other = valuesOf(await createMetricsPage([])());
    const name = 'process_cpu_seconds_total';
    expect(other.get(name)).toBeGreaterThanOrEqual(first.get(name) ?? Number.NaN);
  });

  it('keeps nothing of 2,000 scrapes', async () => {
    const page = createMetricsPage([{ kind: 'gauge', name: 'test_value', help: 'A value.', read: () => 1 }]);
    for (let scrape = 0; scrape < 100; scrape++) await page();
    const kept = timers();
    const before = process.memoryUsage().heapUsed;
    for (let scrape = 0; scrape < 2_000; scrape++) await page();
    expect(timers()).toBe(kept);
    // A page that was made again for each scrape kept 0.4 MB of each.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
  });
});
