/**
 * The text of `/metrics`, in Prometheus' format. A service describes its series once, each with a
 * function that reads its values; they are read when somebody scrapes. The metrics of the process
 * itself are made once for the process: it keeps a timer and an observer of the garbage collector.
 */
import type { Counter, Metric, Registry } from 'prom-client';
import type { Histogram } from './histogram.ts';

/** A value, or one for each set of labels. */
export type SeriesValues = number | Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

interface SeriesDescription {
  readonly name: string;
  readonly help: string;
  /** Names of labels; there are none where `read` answers with a number. */
  readonly labels?: readonly string[];
}

interface ValueSeries extends SeriesDescription {
  readonly kind: 'counter' | 'gauge';
  /** The values now. Of a counter: since the process began. */
  read(): SeriesValues;
}

interface HistogramSeries extends SeriesDescription {
  readonly kind: 'histogram';
  /** A histogram for each set of labels. */
  read(): Iterable<readonly [labels: Readonly<Record<string, string>>, histogram: Histogram]>;
}

export type Series = ValueSeries | HistogramSeries;

type PromClient = typeof import('prom-client');

let ofProcess: Registry | undefined;

function processSeries({ Registry, collectDefaultMetrics }: PromClient): Registry {
  if (ofProcess !== undefined) return ofProcess;
  const register = new Registry();
  const before = process.cpuUsage();
  collectDefaultMetrics({ register });
  // The library counts from now on; a process has used its time from its start.
  const seconds = { user: before.user / 1e6, system: before.system / 1e6 };
  const counted: readonly (readonly [string, number])[] = [
    ['process_cpu_user_seconds_total', seconds.user],
    ['process_cpu_system_seconds_total', seconds.system],
    ['process_cpu_seconds_total', seconds.user + seconds.system],
  ];
  for (const [name, value] of counted) (register.getSingleMetric(name) as Counter).inc(value);
  ofProcess = register;
  return register;
}

/** The library's own histogram can only observe, but not say what somebody else has counted. */
function addHistogram(register: Registry, { name, help, read }: HistogramSeries): void {
  const values = () =>
    [...read()].flatMap(([labels, histogram]) => {
      const buckets = histogram.buckets();
      return [
        ...buckets.map(([bound, value]) => ({
          metricName: `${name}_bucket`,
          labels: { ...labels, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : bound },
          value,
        })),
        { metricName: `${name}_sum`, labels, value: histogram.sum() },
        { metricName: `${name}_count`, labels, value: buckets.at(-1)?.[1] ?? 0 },
      ];
    });
  const metric = { name, get: () => Promise.resolve({ name, help, type: 'histogram', values: values() }) };
  register.registerMetric(metric as unknown as Metric);
}

function addValues({ Counter, Gauge }: PromClient, register: Registry, series: ValueSeries): void {
  const { kind, name, help, labels = [], read } = series;
  const options = { name, help, labelNames: [...labels], registers: [register] };
  const values = () => {
    const found = read();
    return typeof found === 'number' ? [[{}, found] as const] : found;
  };
  if (kind === 'counter')
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [each, value] of values()) this.inc(each, value);
      },
    });
  else
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [each, value] of values()) this.set(each, value);
      },
    });
}

/**
 * Answers with the text of the page. The library that writes it is loaded when somebody scrapes for
 * the first time.
 */
export function createMetricsPage(series: readonly Series[]): () => Promise<string> {
  let page: Promise<Registry> | undefined;
  const open = async (): Promise<Registry> => {
    const prom = await import('prom-client');
    const own = new prom.Registry();
    for (const each of series) {
      if (each.kind === 'histogram') addHistogram(own, each);
      else addValues(prom, own, each);
    }
    return prom.Registry.merge([processSeries(prom), own]);
  };
  return async () => {
    page ??= open();
    return (await page).metrics();
  };
}
