import { createSystemClock } from '@kcp-ts/base';
import type { TestNats, TestNatsOptions } from '@kcp-ts/testing';
import { createTestAuthority, startNats, whyNoNats } from '@kcp-ts/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../bus.ts';
import { describeBus, receive } from '../contract/describe-bus.ts';
import { connectNats } from './connect-nats.ts';
import type { NatsOptions } from './nats-options.ts';
import { natsPermissions, natsServiceName } from './nats-permissions.ts';

const missing = whyNoNats();
if (missing !== undefined) console.warn(`NATS is not tested: ${missing}`);

const clock = createSystemClock();

function open(server: { readonly url: string }, options: Partial<NatsOptions> = {}): Promise<Bus> {
  return connectNats({ servers: [server.url], name: 'shard-alpha', clock, ...options });
}

/** Looks again and again, in real time: what is waited for happens in another process. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; ) {
    if (await condition()) return;
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
  throw new Error(`never came true: ${condition}`);
}

describe.skipIf(missing !== undefined)('NATS', () => {
  let shared: TestNats;
  beforeAll(async () => {
    shared = await startNats();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  describeBus('JetStream', () => {
    const buses: Bus[] = [];
    return Promise.resolve({
      async connect() {
        const bus = await open(shared);
        buses.push(bus);
        return bus;
      },
      async [Symbol.asyncDispose]() {
        for (const bus of buses) await bus[Symbol.asyncDispose]();
      },
    });
  });

  it('a service starts without a server, and its subscriptions begin with a gap when there is one', async () => {
    await using server = await startNats();
    await server.stop();
    await using bus = await open(server);
    expect(bus.state()).toBe('down');
    await expect(bus.publish('kcp.feed.alpha', Buffer.from('x'))).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
    });
    using received = await receive(bus, 'kcp.feed.*');
    await server.restart();
    await until(() => received.gaps === 1);
    await bus.publish('kcp.feed.alpha', Buffer.from('x'));
    await received.count(1);
  });

  it.each(['killed', 'killed and its data wiped'])('a server that was %s is used again, after a gap', async (what) => {
    await using server = await startNats();
    await using publisher = await open(server);
    await using follower = await open(server);
    using received = await receive(follower, 'kcp.feed.*');
    await publisher.publish('kcp.feed.alpha', Buffer.from('before'));
    await received.count(1);
    await server.kill();
    await until(() => publisher.state() === 'down' && follower.state() === 'down');
    if (what !== 'killed') await server.wipe();
    await server.restart();
    await until(() => publisher.state() === 'up' && follower.state() === 'up');
    expect(received.gaps).toBe(1);
    await publisher.publish('kcp.feed.alpha', Buffer.from('after'));
    await received.count(2);
    expect(received.texts).toEqual(['kcp.feed.alpha before', 'kcp.feed.alpha after']);
  });

  it('a stream that was deleted is made again', async () => {
    await using server = await startNats();
    await using bus = await open(server);
    using received = await receive(bus, 'kcp.feed.*');
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    await manager.streams.delete('KCP_FEEDS');
    await connection.close();
    await until(() => received.gaps > 0);
    await until(() =>
      bus.publish('kcp.feed.alpha', Buffer.from('x')).then(
        () => true,
        () => false,
      ),
    );
    await received.count(1);
  });

  it('a stream that takes messages from elsewhere is not used', async () => {
    await using server = await startNats();
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'OTHER', subjects: ['other'] });
    await manager.streams.add({ name: 'KCP_FEEDS', subjects: ['kcp.feed.*'], sources: [{ name: 'OTHER' }] });
    await connection.close();
    await using bus = await open(server);
    expect(bus.state()).toBe('down');
  });
});

describe.skipIf(missing !== undefined)('rights on the NATS server', () => {
  const kinds = [
    ['shard', 'alpha'],
    ['shard', 'beta'],
    ['front-proxy', 'proxy'],
  ] as const;
  const users = kinds.map(([kind, name]) => ({
    user: natsServiceName(kind, name),
    password: `secret of ${name}`,
    permissions: natsPermissions(kind, name),
  }));
  const as = (name: string) => {
    const { user, password } = users.find(({ user }) => user.endsWith(name)) as (typeof users)[number];
    return { user, password, name: user };
  };

  async function withServer(run: (server: TestNats) => Promise<void>, options: TestNatsOptions = { users }) {
    await using server = await startNats(options);
    await run(server);
  }

  it('a shard publishes its own feed, and everyone follows it', () =>
    withServer(async (server) => {
      await using alpha = await open(server, as('alpha'));
      await using proxy = await open(server, as('proxy'));
      using received = await receive(proxy, 'kcp.feed.*');
      await alpha.publish('kcp.feed.alpha', Buffer.from('own'));
      await received.count(1);
    }));

  it('a shard cannot publish the feed of another, and no other service any', () =>
    withServer(async (server) => {
      await using alpha = await open(server, as('alpha'));
      await using proxy = await open(server, as('proxy'));
      await using follower = await open(server, as('beta'));
      using received = await receive(follower, 'kcp.feed.*');
      await expect(alpha.publish('kcp.feed.beta', Buffer.from('forged'))).rejects.toMatchObject({
        reason: 'ServiceUnavailable',
      });
      await expect(proxy.publish('kcp.feed.alpha', Buffer.from('forged'))).rejects.toMatchObject({
        reason: 'ServiceUnavailable',
      });
      await alpha.publish('kcp.feed.alpha', Buffer.from('own'));
      await received.count(1);
      expect(received.texts).toEqual(['kcp.feed.alpha own']);
    }));

  it('nobody gets in without credentials', () =>
    withServer(async (server) => {
      await using bus = await open(server);
      expect(bus.state()).toBe('down');
    }));

  it('TLS with client certificates carries the bus', async () => {
    const authority = await createTestAuthority();
    const { certificate: cert, privateKey: key } = await authority.issue('CN=system:kcp:service:shard:alpha');
    const tls = { ca: authority.certificate, cert, key };
    await withServer(
      async (server) => {
        await using stranger = await open(server, { tls: { ca: authority.certificate } });
        expect(stranger.state()).toBe('down');
        await using bus = await open(server, { tls });
        using received = await receive(bus, 'kcp.feed.*');
        await bus.publish('kcp.feed.alpha', Buffer.from('x'));
        await received.count(1);
      },
      { tls: { ...tls, verify: true } },
    );
  });
});

describe('a NATS server elsewhere', () => {
  const elsewhere = (options: Partial<NatsOptions>) =>
    connectNats({ servers: ['nats://nats.example.com:4222'], name: 'shard-alpha', clock, ...options });

  it('is refused without TLS', async () => {
    await expect(elsewhere({})).rejects.toThrow('nats.example.com:4222 is not on this machine: TLS is needed');
    await expect(elsewhere({ user: 'u', password: 'p' })).rejects.toThrow(RangeError);
  });

  it('is refused without credentials', async () => {
    await expect(elsewhere({ tls: { ca: 'x' } })).rejects.toThrow('user and password, or a client certificate');
    await expect(elsewhere({ tls: { ca: 'x' }, user: 'u' })).rejects.toThrow(RangeError);
  });
});
