import { FeedService, KV, Lease, ShardService } from '@kcp-ts/proto';
import { createTestAuthority } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { createRpcClient } from './client.ts';
import { RpcError } from './rpc-error.ts';
import { serviceOf, startRpcServer } from './server.ts';

const host = '127.0.0.1';

function shardService(seen: string[] = []) {
  return serviceOf(ShardService, {
    createCluster: () => Promise.reject(new RpcError('failed-precondition', 'the type is not known')),
    describeCluster: () => ({}),
    findServiceAccount: () => ({ found: false }),
    deleteCluster({ cluster, ownerUid }, { peer }) {
      seen.push(`${peer.commonName} of ${peer.organizations.join(',')}`);
      return { gone: cluster === ownerUid, message: 'waits' };
    },
  });
}

describe('a call', () => {
  it('carries messages both ways, and the code and text of an error', async () => {
    const server = await startRpcServer({ host, port: 0, services: [shardService()] });
    using client = createRpcClient(ShardService, { addresses: [`${host}:${server.port}`] });
    expect(await client.call.deleteCluster({ cluster: 'a', ownerUid: 'a' })).toMatchObject({ gone: true });
    expect(await client.call.deleteCluster({ cluster: 'a', ownerUid: 'b' })).toMatchObject({
      gone: false,
      message: 'waits',
    });
    await expect(client.call.createCluster({ cluster: 'a' })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: 'the type is not known',
    });
    await server.close({ drainMs: 1_000 });
    await expect(client.call.describeCluster({ cluster: 'a' }, { timeoutMs: 300 })).rejects.toBeInstanceOf(RpcError);
  });

  it('is refused without a certificate of the authority, and tells who calls with one', async () => {
    const authority = await createTestAuthority();
    const other = await createTestAuthority('other');
    const own = await authority.issue('CN=server');
    const tls = { ca: authority.certificate, cert: own.certificate, key: own.privateKey };
    const seen: string[] = [];
    const server = await startRpcServer({ host, port: 0, tls, services: [shardService(seen)] });
    const caller = await authority.issue('CN=shard-2, O=services');
    const stranger = await other.issue('CN=shard-2, O=services');
    const as = (who: typeof caller) =>
      createRpcClient(ShardService, {
        addresses: [`${host}:${server.port}`],
        tls: { ca: authority.certificate, cert: who.certificate, key: who.privateKey },
      });
    using good = as(caller);
    using bad = as(stranger);
    await good.call.deleteCluster({ cluster: 'a' });
    expect(seen).toEqual(['shard-2 of services']);
    await expect(bad.call.deleteCluster({ cluster: 'a' }, { timeoutMs: 1_000 })).rejects.toBeInstanceOf(RpcError);
    await server.close({ drainMs: 1_000 });
  });
});

describe('a stream', () => {
  it('goes both ways, message by message, and ends with its caller', async () => {
    let over = false;
    const server = await startRpcServer({
      host,
      port: 0,
      services: [
        serviceOf(Lease, {
          leaseGrant: () => ({}),
          leaseRevoke: () => ({}),
          async *leaseKeepAlive(requests) {
            try {
              for await (const { ID } of requests) yield { ID, TTL: ID + 1n };
            } finally {
              over = true;
            }
          },
        }),
      ],
    });
    using client = createRpcClient(Lease, { addresses: [`${host}:${server.port}`] });
    const stream = client.call.leaseKeepAlive();
    const replies = stream[Symbol.asyncIterator]();
    for (const ID of [1n, 2n, 3n]) {
      await stream.write({ ID });
      expect((await replies.next()).value).toMatchObject({ ID, TTL: ID + 1n });
    }
    stream.end();
    expect(await replies.next()).toMatchObject({ done: true });
    expect(over).toBe(true);
    await server.close({ drainMs: 1_000 });
  });
});

it('a stream that fails ends with the code and text of the error, after what was sent before', async () => {
  const server = await startRpcServer({
    host,
    port: 0,
    services: [
      serviceOf(FeedService, {
        async *snapshot() {
          yield { epoch: 'one', revision: 1 };
          throw new RpcError('out-of-range', 'history does not reach back that far');
        },
        // biome-ignore lint/correctness/useYield: it fails before it says anything
        async *fetch() {
          throw new RpcError('not-found', 'nothing is kept');
        },
        async *progress() {},
      }),
    ],
  });
  using client = createRpcClient(FeedService, { addresses: [`${host}:${server.port}`] });
  const seen: string[] = [];
  const read = async () => {
    for await (const { epoch } of client.call.snapshot({ shard: 'a' })) seen.push(epoch);
  };
  await expect(read()).rejects.toMatchObject({ code: 'out-of-range', message: 'history does not reach back that far' });
  expect(seen).toEqual(['one']);
  const nothing = client.call.fetch({ shard: 'a', after: 0 })[Symbol.asyncIterator]();
  await expect(nothing.next()).rejects.toMatchObject({ code: 'not-found' });
  await server.close({ drainMs: 1_000 });
});

it('a service must have a handler for each method', () => {
  expect(() => serviceOf(KV, {} as never)).toThrow(/has no handler/);
});
