import { expect, it } from 'vitest';
import { formatResourceVersion, parseResourceVersion } from './resource-version.ts';
import { asRevision } from './revision.ts';

it.each([
  [0, 0],
  [1, 1],
  [28_017_566_000_000, 1],
  [28_017_566_123_457, 4095],
  [Number.MAX_SAFE_INTEGER, 7],
])('a revision %d of shard %d is revision × 4096 + shard in decimal, and comes back', (revision, shard) => {
  const text = formatResourceVersion(asRevision(revision), shard);
  expect(text).toBe(String(BigInt(revision) * 4096n + BigInt(shard)));
  // 64 bits hold revisions up to 2^51: what clients send back is never longer.
  if (revision < 2 ** 51) expect(parseResourceVersion(text)).toEqual({ revision, shard });
});

it.each(['', '-1', '01', 'abc', '1e3', '99999999999999999999'])('%j is no resourceVersion', (text) => {
  expect(parseResourceVersion(text)).toBeUndefined();
});
