import { createSystemClock } from '@kcp-ts/base';
import { FeedService, ShardService } from '@kcp-ts/proto';
import { expect, it } from 'vitest';
import { createRpcClient } from './client.ts';
import { deferredService } from './deferred-service.ts';
import { RpcError } from './rpc-error.ts';
import { serviceOf, startRpcServer } from './server.ts';

it('a service that is announced before it is there is unavailable, and then serves', async () => {
  const clock = createSystemClock();
  const shard = deferredService(ShardService);
  const feed = deferredService(FeedService);
  const server = await startRpcServer({
    host: '127.0.0.1',
    port: 0,
    clock,
    services: [shard.service, feed.service],
  });
  const addresses = [`127.0.0.1:${server.port}`];
  using shards = createRpcClient(ShardService, { addresses });
  using feeds = createRpcClient(FeedService, { addresses });
  const unavailable = { code: 'unavailable', message: 'the service is starting' };
  await expect(shards.call.describeCluster({ cluster: 'a' })).rejects.toMatchObject(unavailable);
  await expect(Array.fromAsync(feeds.call.snapshot({}))).rejects.toMatchObject(unavailable);
  shard.serve(
    serviceOf(ShardService, {
      createCluster: () => Promise.reject(new RpcError('invalid-argument', 'not now')),
      describeCluster: () => ({}),
      findServiceAccount: ({ name }) => ({ found: name === 'default' }),
      deleteCluster: () => ({ gone: true, message: '' }),
    }),
  );
  expect(await shards.call.findServiceAccount({ name: 'default' })).toMatchObject({ found: true });
  await expect(shards.call.createCluster({ cluster: 'a' })).rejects.toMatchObject({ code: 'invalid-argument' });
  await server.close({ drainMs: 1_000 });
});
