import { createSystemClock } from '@kcp-ts/base';
import { createMemoryStore } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { askTestShard, composeTestShard } from './shard.fixture.ts';

it('writes one line for each request, with who, what, where and how it went, while it is wanted', async () => {
  const clock = createSystemClock();
  await using store = createMemoryStore({ clock });
  const lines: Readonly<Record<string, unknown>>[] = [];
  let enabled = true;
  await using shard = await composeTestShard({
    store,
    clock,
    requestLog: { enabled: () => enabled, write: (line) => void lines.push({ ...line }) },
  });
  await using client = await askTestShard(shard, clock);
  await client.get('/clusters/root/api/v1/namespaces/default/configmaps/nothing?watch=false');
  await client.get('/clusters/root/version');
  expect(lines).toMatchObject([
    {
      requestID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      method: 'GET',
      path: '/clusters/root/api/v1/namespaces/default/configmaps/nothing',
      verb: 'get',
      resource: 'configmaps',
      namespace: 'default',
      name: 'nothing',
      user: expect.any(String),
      cluster: 'root',
      workspace: 'root',
      code: 404,
      latencyMs: expect.any(Number),
    },
    { path: '/clusters/root/version', verb: 'get', code: 200 },
  ]);
  enabled = false;
  await client.get('/clusters/root/version');
  expect(lines).toHaveLength(2);
});
