import { createSystemRandom } from '@kcp-ts/base';
import { noStrategy } from '@kcp-ts/registry';
import { isFreshView } from '@kcp-ts/sharding';
import { createMemoryStore } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { createAccess } from './access.ts';
import { createCore } from './core.ts';
import { peersOfNone } from './shard.fixture.ts';

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

it('a right in a workspace of a shard that has not answered for too long is refused to be judged, and its absence as well', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  let fresh = true;
  const peers = peersOfNone({ isFresh: () => fresh });
  using core = createCore({
    ...{ store, clock, random: createSystemRandom(), shardNumber: 1, shardName: 'one', peers },
    strategy: () => noStrategy,
    conversion: () => undefined,
  });
  const access = createAccess(core);
  const target = { group: 'apis.kcp.io', resource: 'apiexports', name: 'west' };
  const may = (groups: string[]) => access.mayDeep({ name: 'ann', groups }, 'elsewhere', 'bind', target);
  expect(may(['team'])).toBe(false);
  expect(may(['system:masters'])).toBe(true);
  fresh = false;
  for (const groups of [['team'], ['system:masters']])
    expect(() => may(groups)).toThrow(expect.objectContaining({ code: 503, reason: 'ServiceUnavailable' }));
});
