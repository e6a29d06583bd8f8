import { createSystemClock } from '@kcp-ts/base';
import { createTestAuthority, missingProgram, startNats } from '@kcp-ts/testing';
import type { JetStreamManager } from '@nats-io/jetstream';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import type { Bus } from '../bus.ts';
import { describeBus, receive } from '../contract/describe-bus.ts';
import { checkNatsSecurity, connectNats } from './nats-bus.ts';
import { natsPermissions } from './nats-permissions.ts';

const clock = createSystemClock();
const missing = missingProgram('natsServer');

/** Tries until the bus takes it. */
async function publish(bus: Bus, subject: string, text: string): Promise<void> {
  for (;;) {
    const taken = await bus.publish(subject, Buffer.from(text)).then(
      () => true,
      () => false,
    );
    if (taken) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function up(bus: Bus): Promise<void> {
  while (bus.state() !== 'up') await new Promise((resolve) => setTimeout(resolve, 10));
}

async function withManager(url: string, run: (manager: JetStreamManager) => Promise<unknown>): Promise<void> {
  const connection = await connect({ servers: url });
  await run(await jetstreamManager(connection));
  await connection.close();
}

if (missing === undefined) {
  describeBus('NATS JetStream', async () => {
    const nats = await startNats();
    const buses: Bus[] = [];
    return {
      async connect() {
        const bus = connectNats({ servers: [nats.url], name: 'test', clock });
        buses.push(bus);
        await up(bus);
        return bus;
      },
      async [Symbol.asyncDispose]() {
        for (const bus of buses) await bus[Symbol.asyncDispose]();
        await nats[Symbol.asyncDispose]();
      },
    };
  });

  describe('a NATS server that goes away', () => {
    it.each([false, true])(
      'and comes back (its data wiped: %s) carries messages again, and says that some may be missing',
      async (wiped) => {
        await using nats = await startNats();
        await using publisher = connectNats({ servers: [nats.url], name: 'publisher', clock });
        await using follower = connectNats({ servers: [nats.url], name: 'follower', clock });
        using received = await receive(follower, 'kcp.feed.*');
        await Promise.all([up(publisher), up(follower)]);
        await publish(publisher, 'kcp.feed.a', 'before');
        await received.count(1);
        const gaps = received.gaps;
        await nats.kill();
        while (follower.state() === 'up' || publisher.state() === 'up')
          await new Promise((resolve) => setTimeout(resolve, 10));
        await expect(publisher.publish('kcp.feed.a', Buffer.from('lost'))).rejects.toMatchObject({
          reason: 'ServiceUnavailable',
        });
        if (wiped) await nats.wipe();
        await nats.restart();
        await Promise.all([up(publisher), up(follower)]);
        // What falls into a gap is lost, and the gap is told: so it is said again.
        let told: number | undefined;
        while (!received.texts.includes('kcp.feed.a after')) {
          if (told !== received.gaps) {
            told = received.gaps;
            await publish(publisher, 'kcp.feed.a', 'after');
          }
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        expect([...new Set(received.texts)]).toEqual(['kcp.feed.a before', 'kcp.feed.a after']);
        expect(received.gaps).toBeGreaterThan(gaps);
      },
    );

    it('need not be there when a service starts', async () => {
      await using nats = await startNats();
      await nats.kill();
      await using bus = connectNats({ servers: [nats.url], name: 'early', clock });
      using received = await receive(bus, 'kcp.feed.*');
      expect(bus.state()).toBe('down');
      await nats.restart();
      await up(bus);
      await publish(bus, 'kcp.feed.a', 'late');
      await received.count(1);
    });
  });

  it('a stream that was deleted is made again, and followers are told', async () => {
    await using nats = await startNats();
    await using bus = connectNats({ servers: [nats.url], name: 'bus', clock });
    await up(bus);
    using received = await receive(bus, 'kcp.feed.*');
    const gaps = received.gaps;
    await withManager(nats.url, (manager) => manager.streams.delete('KCP_FEEDS'));
    while (received.gaps === gaps) await new Promise((resolve) => setTimeout(resolve, 10));
    await publish(bus, 'kcp.feed.a', 'after');
    await received.count(1);
  });

  it('a stream that takes messages from elsewhere is not used', async () => {
    await using nats = await startNats();
    await withManager(nats.url, async (manager) => {
      await manager.streams.add({ name: 'OTHER', subjects: ['other'] });
      await manager.streams.add({ name: 'KCP_FEEDS', subjects: ['kcp.feed.*'], sources: [{ name: 'OTHER' }] });
    });
    const { promise: told, resolve } = Promise.withResolvers<string>();
    const onState = (_up: boolean, detail: string) => resolve(detail);
    await using bus = connectNats({ servers: [nats.url], name: 'bus', clock, onState });
    expect(await told).toMatch('not as we make it');
    expect(bus.state()).toBe('down');
  });

  it('TLS with certificates both ways carries the bus, and a stranger is refused', async () => {
    const authority = await createTestAuthority();
    const { certificate: cert, privateKey: key } = await authority.issue('CN=system:kcp:service:shard:alpha');
    const tls = { ca: authority.certificate, cert, key };
    await using nats = await startNats({ tls });
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const stranger = { name: 'stranger', tls: { ca: authority.certificate }, onState: () => resolve() };
    await using refused = connectNats({ servers: [nats.url], clock, ...stranger });
    await using bus = connectNats({ servers: [nats.url], name: 'bus', clock, tls });
    await up(bus);
    using received = await receive(bus, 'kcp.feed.*');
    await publish(bus, 'kcp.feed.a', 'x');
    await received.count(1);
    await told;
    expect(refused.state()).toBe('down');
  });

  it('a shard may publish its own feed and no other, and a follower none', async () => {
    const user = (name: string, shard: string | undefined) => ({
      user: name,
      password: 'secret',
      permissions: natsPermissions(shard),
    });
    await using nats = await startNats({ users: [user('shard-1', 'shard-1'), user('proxy', undefined)] });
    const as = (username: string) =>
      connectNats({ servers: [nats.url], name: username, username, password: 'secret', clock });
    await using shard = as('shard-1');
    await using proxy = as('proxy');
    using received = await receive(proxy, 'kcp.feed.*');
    await Promise.all([up(shard), up(proxy)]);
    await expect(shard.publish('kcp.feed.shard-2', Buffer.from('forged'))).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
    });
    await expect(proxy.publish('kcp.feed.shard-1', Buffer.from('forged'))).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
    });
    await publish(shard, 'kcp.feed.shard-1', 'own');
    await received.count(1);
    expect(received.texts).toEqual(['kcp.feed.shard-1 own']);
  });
} else it.skip(`the bus on NATS: ${missing}`, () => undefined);

it('off loopback NATS is refused without TLS and credentials', () => {
  const servers = ['nats://nats.example:4222'];
  expect(() => checkNatsSecurity({ servers, name: 'x', clock })).toThrow(/off loopback/);
  expect(() => checkNatsSecurity({ servers, name: 'x', clock, tls: { ca: '' } })).toThrow(/off loopback/);
  checkNatsSecurity({ servers, name: 'x', clock, tls: { ca: '' }, username: 'a', password: 'b' });
});
