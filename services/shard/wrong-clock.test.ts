import { once } from 'node:events';
import { connect } from 'node:http2';
import { createSystemClock } from '@kcp-ts/base';
import { createHttpServer } from '@kcp-ts/http';
import { createClockGuard } from '@kcp-ts/replication';
import { createMemoryStore } from '@kcp-ts/storage';
import { createTestAuthority } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { composeTestShard } from './shard.fixture.ts';

it('a shard with a wrong clock is not ready and refuses requests, but for its metrics, until the clock is right again', async () => {
  const system = createSystemClock();
  let setBy = 0;
  const clock = { ...system, now: () => system.now() + setBy };
  const peers = ['a', 'b'].map((name) => ({ name, read: async () => system.now() }));
  using clocks = createClockGuard({ clock, peers: () => peers });
  const authority = await createTestAuthority();
  const masters = await authority.issue('CN=admin, O=system:masters');
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({
    ...{ store, clock },
    amongOthers: { clocks, refusedRevisions: () => new Map([['fast', 3]]), etcdTransactions: () => 7 },
  });
  const serving = await authority.issue('CN=server');
  const server = createHttpServer({
    tls: { ...serving, clientCa: authority.certificate },
    clock,
    onError: () => undefined,
    handler: shard.handler,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: authority.certificate,
    cert: masters.certificate,
    key: masters.privateKey,
  });
  const get = async (path: string) => {
    const stream = session.request({ ':path': path });
    const [head] = await once(stream, 'response');
    const body = Buffer.concat(await stream.toArray()).toString();
    return { status: head[':status'] as number, retryAfter: head['retry-after'] as string | undefined, body };
  };
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
  session.close();
  await server.close({ drainMs: 100 });
});
