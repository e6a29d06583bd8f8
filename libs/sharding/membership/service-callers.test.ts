/** One service of the installation tries to pass for another, on both ends of a connection. */
import { createLive, createSystemClock } from '@kcp-ts/base';
import { ClockService, FeedService, ShardService } from '@kcp-ts/proto';
import { serviceOf, startRpcServer } from '@kcp-ts/rpc';
import type { TestAuthority } from '@kcp-ts/testing';
import { createTestAuthority } from '@kcp-ts/testing';
import { beforeAll, expect, it } from 'vitest';
import { clockService } from '../clocks/peer-clocks.ts';
import { shardService } from '../requests/shard-service.ts';
import type { PeerTls } from './connections.ts';
import { createServiceClient } from './service-callers.ts';

const host = '127.0.0.1';
const clock = createSystemClock();
let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority('peers');
});

async function tlsOf(subject: string, uris: readonly string[] = [], from = authority): Promise<PeerTls> {
  const { certificate, privateKey } = await from.issue(subject, { uris });
  return { ca: authority.certificate, cert: certificate, key: privateKey };
}
const bySubject = (service: string) => tlsOf(`CN=system:kcp:service:${service}, O=system:kcp:services`);
const byUri = (service: string) => tlsOf('CN=any', [`spiffe://kcp.example/kcp/service/${service}`]);

async function startShard(tls: PeerTls) {
  const feed = serviceOf(FeedService, {
    async *snapshot() {},
    async *fetch() {},
    async *progress() {},
  });
  const services = [
    clockService(clock),
    shardService(
      () => undefined,
      () => true,
    ),
    feed,
  ];
  const server = await startRpcServer({ host, port: 0, tls, clock, services });
  return {
    address: `${host}:${server.port}`,
    [Symbol.asyncDispose]: () => server.close({ drainMs: 0 }),
  };
}

const account = { cluster: 'a', namespace: 'b', name: 'c', uid: 'd' };

it('replicas that share one certificate of their kind call and are called', async () => {
  await using shard = await startShard(await byUri('shard'));
  for (const tls of [await bySubject('shard'), await byUri('shard'), await bySubject('shard:two')]) {
    using client = createServiceClient(ShardService, shard.address, { tls, kinds: ['shard'], name: 'one' });
    expect(await client.call.findServiceAccount(account)).toMatchObject({ found: true });
  }
});

it.each([
  ['of a front-proxy', () => bySubject('front-proxy')],
  ['of a front-proxy by its URI', () => byUri('front-proxy')],
  ['of virtual workspaces named shard', () => bySubject('virtual-workspaces:shard')],
  [
    'of a shard that is a front-proxy by its URI',
    () =>
      tlsOf('CN=system:kcp:service:shard:a, O=system:kcp:services', ['spiffe://kcp.example/kcp/service/front-proxy']),
  ],
  ['of a shard without the organization', () => tlsOf('CN=system:kcp:service:shard:a')],
  ['of a person', () => tlsOf('CN=ann, O=system:masters')],
])('a caller with a certificate %s may not ask what shards ask each other', async (_who, certificate) => {
  await using shard = await startShard(await bySubject('shard:one'));
  const tls = await certificate();
  using requests = createServiceClient(ShardService, shard.address, { tls, kinds: ['shard'] });
  await expect(requests.call.findServiceAccount(account)).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(requests.call.createCluster({ cluster: 'a' })).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(requests.call.deleteCluster({ cluster: 'a' })).rejects.toMatchObject({ code: 'permission-denied' });
  using clocks = createServiceClient(ClockService, shard.address, { tls, kinds: ['shard'] });
  await expect(clocks.call.readClock({})).rejects.toMatchObject({ code: 'permission-denied' });
});

it.each([
  ['a front-proxy', () => bySubject('front-proxy:one')],
  ['a front-proxy by its URI', () => byUri('front-proxy')],
  ['another shard', () => bySubject('shard:two')],
  ['a service without an organization', () => tlsOf('CN=system:kcp:service:shard:one')],
  [
    'a shard of a foreign authority',
    async () =>
      tlsOf('CN=system:kcp:service:shard:one, O=system:kcp:services', [], await createTestAuthority('foreign')),
  ],
])('%s that answers at the address of a shard is not believed', async (_who, certificate) => {
  await using impostor = await startShard(await certificate());
  const tls = await bySubject('shard:three');
  using client = createServiceClient(ShardService, impostor.address, { tls, kinds: ['shard'], name: 'one' });
  await expect(client.call.findServiceAccount(account, { timeoutMs: 500 })).rejects.toMatchObject({
    code: expect.stringMatching(/unavailable|deadline-exceeded/),
  });
});

it('a service that renews its certificate shows the new one on the next connection', async () => {
  const own = createLive(await bySubject('front-proxy'));
  const options = { tls: own, kinds: ['shard'], name: 'one' } as const;
  const serving = await bySubject('shard:one');
  const first = await startShard(serving);
  using client = createServiceClient(ShardService, first.address, options);
  await expect(client.call.findServiceAccount(account)).rejects.toMatchObject({ code: 'permission-denied' });
  own.replace(await bySubject('shard'));
  // The connection that is open goes on as it was made.
  await expect(client.call.findServiceAccount(account)).rejects.toMatchObject({ code: 'permission-denied' });
  await first[Symbol.asyncDispose]();
  const [, port = ''] = first.address.split(':');
  const services = [
    shardService(
      () => undefined,
      () => true,
    ),
  ];
  const again = await startRpcServer({ host, port: Number(port), tls: serving, clock, services });
  await expect.poll(() => client.call.findServiceAccount(account).catch(String)).toMatchObject({ found: true });
  await again.close({ drainMs: 0 });
});
