import { expect, it } from 'vitest';
import { isFreshView } from './freshness.ts';

it('a view of a living shard decides for ten seconds after it was last complete, of a dead one as long as the membership answers', () => {
  const living = { shard: 'two', alive: true, membershipSilentMs: 0, ageMs: 9_000 };
  expect(isFreshView(living)).toBe(true);
  expect(isFreshView({ ...living, ageMs: 10_001 })).toBe(false);
  expect(isFreshView({ ...living, ageMs: undefined })).toBe(false);
  expect(isFreshView({ ...living, membershipSilentMs: 10_001 })).toBe(false);
  expect(isFreshView({ ...living, alive: false, ageMs: 3_600_000 })).toBe(true);
  expect(isFreshView({ ...living, alive: false, membershipSilentMs: 10_001 })).toBe(false);
  expect(isFreshView({ ...living, shard: undefined, ageMs: undefined, membershipSilentMs: 10_001 })).toBe(true);
});
