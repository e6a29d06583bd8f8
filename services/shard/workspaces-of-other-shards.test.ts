import { createSystemClock } from '@kcp-ts/base';
import { createMemoryStore } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { askTestShard, composeTestShard, knowsNoOthers } from './shard.fixture.ts';

it('a path below a workspace of another shard is unknown when that shard has said what it has, and unavailable before', async () => {
  const clock = createSystemClock();
  await using store = createMemoryStore({ clock });
  const asked: string[] = [];
  const isComplete = (parent: string) => {
    asked.push(parent);
    return parent === 'received';
  };
  await using shard = await composeTestShard({ store, clock, otherShards: knowsNoOthers({ isComplete }) });
  await using client = await askTestShard(shard, clock);
  const configMaps = (path: string) => client.get(`/clusters/${path}/api/v1/namespaces/default/configmaps`);
  const unknown = await configMaps('received:child');
  expect([unknown.status, JSON.parse(unknown.body).message]).toEqual([
    404,
    'workspaces.tenancy.kcp.io "received:child" not found',
  ]);
  expect(await configMaps('silent:child')).toMatchObject({ status: 503, retryAfter: '1' });
  // What is below its own workspaces it knows without the others.
  expect((await configMaps('root:child')).status).toBe(404);
  expect(asked).toEqual(['received', 'silent']);
});

it('a request that was handed on for a cluster that is not here goes back, and says nothing of the cluster', async () => {
  const clock = createSystemClock();
  await using store = createMemoryStore({ clock });
  let service = true;
  const isService = () => service;
  await using shard = await composeTestShard({ store, clock, otherShards: knowsNoOthers(), isService });
  await using client = await askTestShard(shard, clock);
  const version = (cluster: string, headers = {}) => client.get(`/clusters/${cluster}/api/v1/namespaces`, headers);
  const routed = { 'x-kcp-ts-routed': 'true' };
  expect(await version('formercluster', routed)).toMatchObject({ status: 421, body: '' });
  expect((await version('formercluster')).status).not.toBe(421);
  expect(await version('root', routed)).toMatchObject({ status: 200 });
  // A client that is no service gets the answer that all get: it does not learn so which clusters
  // there are.
  service = false;
  expect((await version('formercluster', routed)).status).not.toBe(421);
});
