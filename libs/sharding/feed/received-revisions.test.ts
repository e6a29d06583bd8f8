import type { Revision } from '@kcp-ts/api';
import { createMemoryStore, revisionAt } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { receiveRevisions } from './received-revisions.ts';

const shard = { name: 'fast', number: 2 };

it('a revision from beyond the bound is refused, counted and logged once, and the consumer goes on', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  const alarms: string[] = [];
  const received = receiveRevisions(store, (name) => void alarms.push(name));
  const hear = (aheadMs: number) => {
    const revision = revisionAt(clock.now() + aheadMs);
    received.feedHandler.apply(shard, [
      { key: 'a', revision: 5 as Revision, createRevision: 5 as Revision, value: undefined },
      { key: 'b', revision, createRevision: revision, value: undefined },
    ]);
    return revision;
  };
  const commit = async () => {
    const value = () => Buffer.from('1');
    const result = await store.commit([{ op: 'put', key: 'core/a/-/c//n', expect: 'any', value }]);
    return result.status === 'committed' ? result.revision : 0;
  };
  const near = hear(900);
  expect(await commit()).toBeGreaterThan(near);
  const far = hear(1_500);
  hear(1_600);
  expect(await commit()).toBeLessThan(far);
  expect(await store.progress()).toBeLessThan(far);
  expect([...received.refused()]).toEqual([['fast', 2]]);
  expect(alarms).toEqual(['fast']);
  hear(0);
  received.feedHandler.begin(shard).add([{ key: 'c', revision: far, createRevision: far, value: undefined }]);
  expect(alarms).toEqual(['fast', 'fast']);
  received.feedHandler.removed('fast');
  expect([...received.refused()]).toEqual([]);
});
