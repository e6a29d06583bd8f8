/** Durations in the words of Go's flags, from milliseconds up: `300ms`, `1.5h`, `2h45m`; `0`. */

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * In milliseconds; undefined for what is no duration, or one that is shorter than a millisecond.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h)/g))
    sumMs += Number(amount) * (unitsMs[unit] ?? 0);
  return sumMs > 0 && sumMs < 1 ? undefined : Math.round(sumMs);
}

/** In seconds, `70s`. */
export function formatDuration(milliseconds: number): string {
  return `${milliseconds / 1_000}s`;
}
