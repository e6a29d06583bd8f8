import { createSystemRandom } from '@kcp-ts/base';
import { createMemoryStore } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { createParts } from './parts.ts';
import { knowsNoOthers } from './shard.fixture.ts';

it('a right in a workspace of a shard that has not answered for too long is refused to be judged, and its absence as well', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  let fresh = true;
  const otherShards = knowsNoOthers({ isFresh: () => fresh });
  using parts = createParts({
    store,
    clock,
    random: createSystemRandom(),
    shardNumber: 1,
    shardName: 'one',
    caBundle: '',
    otherShards,
  });
  const { access } = parts;
  const target = { group: 'apis.kcp.io', resource: 'apiexports', name: 'west' };
  const may = (groups: string[]) => access.mayDeep({ name: 'ann', groups }, 'elsewhere', 'bind', target);
  expect(may(['team'])).toBe(false);
  expect(may(['system:masters'])).toBe(true);
  fresh = false;
  for (const groups of [['team'], ['system:masters']])
    expect(() => may(groups)).toThrow(expect.objectContaining({ code: 503, reason: 'ServiceUnavailable' }));
});
