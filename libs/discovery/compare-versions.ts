const pattern = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;

type Rank = readonly [stability: number, major: number, minor: number];

function rankOf(version: string): Rank | undefined {
  const match = pattern.exec(version);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}

/**
 * Kubernetes' order of versions, the preferred one first: stable before beta before alpha, higher
 * numbers first; names of another form come last, by the alphabet.
 */
export function compareVersions(a: string, b: string): number {
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  if (rankA === undefined || rankB === undefined) {
    if (rankA !== undefined) return -1;
    if (rankB !== undefined) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return rankB[0] - rankA[0] || rankB[1] - rankA[1] || rankB[2] - rankA[2];
}
