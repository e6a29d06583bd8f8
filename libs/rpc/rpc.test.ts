import { createLive, createSystemClock } from '@kcp-ts/base';
import { FeedService, KV, Lease, ShardService } from '@kcp-ts/proto';
import {
  connectRawHttp2,
  createTestAuthority,
  frame,
  frameTypes,
  goawayFrame,
  headersFrame,
  rstFrame,
} from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { createRpcClient } from './client.ts';
import { RpcError } from './rpc-error.ts';
import { serviceOf, startRpcServer } from './server.ts';

const host = '127.0.0.1';
const clock = createSystemClock();

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
    const server = await startRpcServer({ host, port: 0, clock, services: [shardService()] });
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
    const server = await startRpcServer({ host, port: 0, tls, clock, services: [shardService(seen)] });
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

it('a caller with a certificate of the authority that sends garbage ends its own connection at most', async () => {
  const authority = await createTestAuthority();
  const own = await authority.issue('CN=server');
  const caller = await authority.issue('CN=shard-2, O=services');
  const server = await startRpcServer({
    host,
    port: 0,
    clock,
    services: [shardService()],
    tls: { ca: authority.certificate, cert: own.certificate, key: own.privateKey },
  });
  const tls = { cert: caller.certificate, key: caller.privateKey };
  const call = {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': 'a',
    'content-type': 'application/grpc',
    te: 'trailers',
    ':path': `/${ShardService.typeName}/${ShardService.method.deleteCluster.name}`,
  };
  const data = (bytes: Uint8Array) => frame(frameTypes.data, 0, 1, bytes);
  const open = headersFrame(1, call, false);
  const attacks: readonly (readonly Uint8Array[])[] = [
    [Buffer.alloc(1000, 0xff)],
    // A message that says it has 4 GB; one that is no message; one that is compressed and is not.
    [open, data(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]))],
    [open, data(Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]))],
    [open, data(Buffer.from([1, 0, 0, 0, 3, 1, 2, 3]))],
    [open, goawayFrame()],
    [open, rstFrame(1), data(Buffer.alloc(5))],
    [headersFrame(1, { ...call, ':path': 'nothing' }), frame(frameTypes.settings, 0, 0, Buffer.alloc(5))],
    [frame(frameTypes.windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
    [frame(frameTypes.continuation, 0, 1, Buffer.alloc(3)), frame(frameTypes.ping, 0, 0, Buffer.alloc(3))],
  ];
  using client = createRpcClient(ShardService, {
    addresses: [`${host}:${server.port}`],
    tls: { ca: authority.certificate, ...tls },
  });
  for (const frames of attacks) {
    await using attacker = await connectRawHttp2({ port: server.port, ca: authority.certificate, tls });
    await attacker.send(...frames);
    expect(await client.call.deleteCluster({ cluster: 'a', ownerUid: 'a' })).toMatchObject({ gone: true });
  }
  await server.close({ drainMs: 100 });
});

describe('a stream', () => {
  it('goes both ways, message by message, and ends with its caller', async () => {
    let over = false;
    const server = await startRpcServer({
      host,
      port: 0,
      clock,
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
    clock,
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

it('both ends take renewed certificates and authorities for the next connection, and end none', async () => {
  const [former, next] = [await createTestAuthority('former'), await createTestAuthority('next')];
  const shown = async (authority: typeof former, who: string) => {
    const { certificate, privateKey } = await authority.issue(`CN=${who}`);
    return { cert: certificate, key: privateKey };
  };
  const both = `${former.certificate}\n${next.certificate}`;
  const serving = createLive({ ca: former.certificate, ...(await shown(former, 'server')) });
  const seen: string[] = [];
  const server = await startRpcServer({ host, port: 0, tls: serving, clock, services: [shardService(seen)] });
  const addresses = [`${host}:${server.port}`];
  const calling = createLive({ ca: former.certificate, ...(await shown(former, 'first')) });
  const newClient = () => createRpcClient(ShardService, { addresses, tls: calling });
  const ask = (client: ReturnType<typeof newClient>) =>
    client.call.deleteCluster({ cluster: 'a', ownerUid: 'a' }, { timeoutMs: 2_000 });
  using open = newClient();
  await ask(open);
  // Both are believed before either shows the new one, and the former is believed no more at last.
  calling.replace({ ...calling.current(), ca: both });
  serving.replace({ ca: both, ...(await shown(next, 'server')) });
  calling.replace({ ca: next.certificate, ...(await shown(next, 'second')) });
  serving.replace({ ...serving.current(), ca: next.certificate });
  using later = newClient();
  await ask(later);
  await ask(open);
  expect(seen).toEqual(['first of ', 'second of ', 'first of ']);
  const stale = createLive({ ca: both, ...(await shown(former, 'third')) });
  using refused = createRpcClient(ShardService, { addresses, tls: stale });
  await expect(ask(refused)).rejects.toBeInstanceOf(RpcError);
  await server.close({ drainMs: 1_000 });
});

it('a server that stops ends the streams that have no end, and lets other calls end by themselves', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<object>();
  const lease = serviceOf(Lease, {
    leaseGrant: () => {
      asked.resolve();
      return answer.promise;
    },
    leaseRevoke: () => ({}),
    async *leaseKeepAlive(requests) {
      for await (const { ID } of requests) yield { ID, TTL: 1n };
    },
  });
  const server = await startRpcServer({ host, port: 0, clock, services: [lease] });
  using client = createRpcClient(Lease, { addresses: [`${host}:${server.port}`] });
  const stream = client.call.leaseKeepAlive();
  const replies = stream[Symbol.asyncIterator]();
  await stream.write({ ID: 1n });
  await replies.next();
  const granted = client.call.leaseGrant({ TTL: 1n });
  await asked.promise;
  // Longer than this test may take: it does not wait for it.
  const closed = server.close({ drainMs: 600_000 });
  await expect(replies.next()).rejects.toMatchObject({ code: 'unavailable', message: 'the server is stopping' });
  answer.resolve({ ID: 7n });
  expect(await granted).toMatchObject({ ID: 7n });
  await closed;
});
