import type { Revision } from '@kcp-ts/api';
import { createMemoryStore, revisionAt } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createWatchHub } from '@kcp-ts/watch';
import { expect, it } from 'vitest';
import { awaitRevision } from './await-revision.ts';
import type { ServerDependencies } from './server-dependencies.ts';

it('a resource version from a client is waited for, for three seconds, and moves no clock', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  using hub = createWatchHub(store);
  const deps = { store, hub, clock, shardNumber: 1 } as unknown as ServerDependencies;
  const put = async () => {
    const result = await store.commit([
      { op: 'put', key: 'core/configmaps/-/c//n', expect: 'any', value: () => Buffer.from('1') },
    ]);
    return result.status === 'committed' ? result.revision : 0;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  // Far, and near enough that a shard would follow another one there.
  for (const aheadMs of [3_600_000, 900]) {
    const asked = revisionAt(clock.now() + aheadMs);
    let settled = false;
    const waiting = awaitRevision(deps, asked).finally(() => (settled = true));
    const refused = aheadMs > 3_000 ? expect(waiting).rejects : undefined;
    const outcome = refused?.toMatchObject({ code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
    await turn();
    expect(await put()).toBeLessThan(asked);
    expect(settled).toBe(false);
    clock.advance(2_900);
    await turn();
    if (outcome === undefined) expect(await put()).toBeGreaterThan(asked);
    else expect(settled).toBe(false);
    clock.advance(200);
    await (outcome ?? waiting);
  }
  // What lies in the past and was never committed is here as soon as it is promised.
  await awaitRevision(deps, (revisionAt(clock.now()) - 5) as Revision);
});
