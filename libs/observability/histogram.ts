/** Counts of observed values by bucket, as Prometheus' histograms have them. */
export interface Histogram {
  observe(value: number): void;
  /**
   * For each bound how many values were at most as large, the smallest bound first; the last bound
   * is infinite.
   */
  buckets(): readonly (readonly [bound: number, count: number])[];
  sum(): number;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const ascending = [...bounds, Number.POSITIVE_INFINITY];
  const counts = ascending.map(() => 0);
  let sum = 0;
  return {
    observe(value) {
      const at = ascending.findIndex((bound) => value <= bound);
      counts[at] = (counts[at] ?? 0) + 1;
      sum += value;
    },
    buckets() {
      let count = 0;
      return ascending.map((bound, i) => {
        count += counts[i] ?? 0;
        return [bound, count] as const;
      });
    },
    sum: () => sum,
  };
}
