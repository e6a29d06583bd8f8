import { createSystemClock } from '@kcp-ts/base';
import { createClockMonitor } from '@kcp-ts/sharding';
import { createMemoryStore } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { askTestShard, composeTestShard } from './shard.fixture.ts';

it('a shard with a wrong clock is not ready and refuses requests, but for its metrics, until the clock is right again', async () => {
  const system = createSystemClock();
  let setBy = 0;
  const clock = { ...system, now: () => system.now() + setBy };
  const peers = ['a', 'b'].map((name) => ({ name, read: async () => system.now() }));
  using clocks = createClockMonitor({ clock, peers: () => peers });
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({
    store,
    clock,
    report: {
      clocks,
      refusedRevisions: () => new Map([['fast', 3]]),
      etcdTransactions: () => 7,
      feeds: { shards: () => ['b'], ageMs: () => 1_500, indexed: () => ({ clusters: 3, workspaces: 2 }) },
    },
  });
  await using client = await askTestShard(shard, clock);
  const { get } = client;
  const object = '/clusters/root/api/v1/namespaces/default';

  await clocks.measure();
  expect((await get(object)).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);

  setBy = 3_000;
  const refused = await get(object);
  expect(refused).toMatchObject({ status: 503, retryAfter: '1' });
  expect(JSON.parse(refused.body)).toMatchObject({
    reason: 'ServiceUnavailable',
    message: expect.stringMatching(/^the clock of this shard is at least [23]\.\d s ahead of the others$/),
  });
  expect(await get('/readyz?verbose')).toMatchObject({ status: 500, body: expect.stringContaining('[-]clock failed') });
  expect((await get('/livez')).status).toBe(200);
  const metrics = await get('/metrics');
  expect(metrics.status).toBe(200);
  expect(metrics.body).toMatch(/^kcp_clock_wrong 1$/m);
  expect(metrics.body).toMatch(/^kcp_clock_offset_seconds [23]/m);
  expect(metrics.body).toMatch(/^kcp_clock_peer_offset_seconds\{peer="a"\} -[23]/m);
  expect(metrics.body).toMatch(/^kcp_etcd_transactions_total 7$/m);
  expect(metrics.body).toMatch(/^kcp_peer_revisions_refused_total\{shard="fast"\} 3$/m);

  setBy = 0;
  expect((await get(object)).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
});
