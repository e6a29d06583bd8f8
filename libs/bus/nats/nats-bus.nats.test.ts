import { createSystemClock, nextTurn } from '@kcp-ts/base';
import { createConditions, createTestAuthority, missingProgram, startNats } from '@kcp-ts/testing';
import { connect } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import type { Bus } from '../bus.ts';
import { describeBus, receive } from '../contract/describe-bus.ts';
import type { NatsBusOptions } from './nats-bus.ts';
import { checkNatsSecurity, connectNats } from './nats-bus.ts';
import { natsPermissions } from './nats-permissions.ts';

const clock = createSystemClock();
const missing = missingProgram('natsServer');

function userOf(user: string, shard: string | undefined) {
  return { user, password: 'secret', permissions: natsPermissions(shard) };
}

/** All buses of these tests: each change of a state is reported here. */
const { changed, until } = createConditions();

function connectBus(options: Omit<NatsBusOptions, 'clock'>): Bus {
  return connectNats({
    ...options,
    clock,
    onState(isUp, detail) {
      options.onState?.(isUp, detail);
      changed();
    },
  });
}

function up(bus: Bus): Promise<void> {
  return until(() => bus.state() === 'up');
}

/** Tries until the bus takes it. */
async function publish(bus: Bus, subject: string, text: string): Promise<void> {
  for (;;) {
    await up(bus);
    const taken = await bus.publish(subject, Buffer.from(text)).then(
      () => true,
      () => false,
    );
    if (taken) return;
    await new Promise<void>(nextTurn);
  }
}

if (missing === undefined) {
  describeBus('NATS', async () => {
    const nats = await startNats();
    const buses: Bus[] = [];
    return {
      async connect() {
        const bus = connectBus({ servers: [nats.url], name: 'test' });
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
    it('and comes back carries messages again, and says that some may be missing', async () => {
      await using nats = await startNats();
      await using publisher = connectBus({ servers: [nats.url], name: 'publisher' });
      await using feedConsumer = connectBus({ servers: [nats.url], name: 'follower' });
      using received = await receive(feedConsumer, 'kcp.feed.*');
      await Promise.all([up(publisher), up(feedConsumer)]);
      await publish(publisher, 'kcp.feed.a', 'before');
      await received.count(1);
      const gaps = received.gaps;
      await nats.kill();
      await until(() => feedConsumer.state() === 'down' && publisher.state() === 'down');
      await expect(publisher.publish('kcp.feed.a', Buffer.from('lost'))).rejects.toMatchObject({
        reason: 'ServiceUnavailable',
      });
      await nats.restart();
      await Promise.all([up(publisher), up(feedConsumer)]);
      // What falls into a gap is lost, and the gap is reported: so the message is published again.
      for (const isThere = () => received.texts.includes('kcp.feed.a after'); !isThere(); ) {
        const reported = received.gaps;
        await publish(publisher, 'kcp.feed.a', 'after');
        await received.until(() => isThere() || received.gaps > reported);
      }
      expect([...new Set(received.texts)]).toEqual(['kcp.feed.a before', 'kcp.feed.a after']);
      expect(received.gaps).toBeGreaterThan(gaps);
    });

    it('need not be there when a service starts', async () => {
      await using nats = await startNats();
      await nats.kill();
      await using bus = connectBus({ servers: [nats.url], name: 'early' });
      using received = await receive(bus, 'kcp.feed.*');
      expect(bus.state()).toBe('down');
      await nats.restart();
      await up(bus);
      await publish(bus, 'kcp.feed.a', 'late');
      await received.count(1);
    });
  });

  it('a server that says nothing is reported as a gap, again and again', async () => {
    await using nats = await startNats();
    await using bus = connectBus({ servers: [nats.url], name: 'bus' });
    await up(bus);
    using received = await receive(bus, 'kcp.feed.*');
    const { gaps } = received;
    nats.pause();
    await received.until(() => received.gaps >= gaps + 2);
    nats.resume();
    await publish(bus, 'kcp.feed.a', 'after');
    await received.count(1);
  });

  it('TLS with certificates both ways carries the bus, and a stranger is refused', async () => {
    const authority = await createTestAuthority();
    const { certificate: cert, privateKey: key } = await authority.issue('CN=system:kcp:service:shard:alpha');
    const tls = { ca: authority.certificate, cert, key };
    await using nats = await startNats({ tls });
    const { promise: reported, resolve } = Promise.withResolvers<void>();
    const stranger = { name: 'stranger', tls: { ca: authority.certificate }, onState: () => resolve() };
    await using refused = connectBus({ servers: [nats.url], ...stranger });
    await using bus = connectBus({ servers: [nats.url], name: 'bus', tls });
    await up(bus);
    using received = await receive(bus, 'kcp.feed.*');
    await publish(bus, 'kcp.feed.a', 'x');
    await received.count(1);
    await reported;
    expect(refused.state()).toBe('down');
  });

  it('a shard may publish its own feed and no other, and a feed consumer none', async () => {
    await using nats = await startNats({ users: [userOf('shard-1', 'shard-1'), userOf('proxy', undefined)] });
    const as = (username: string, reported: string[]) => {
      const onState = (_up: boolean, detail: string) => void reported.push(detail);
      return connectBus({ servers: [nats.url], name: username, username, password: 'secret', onState });
    };
    const reported: string[] = [];
    await using shard = as('shard-1', reported);
    await using proxy = as('proxy', reported);
    using received = await receive(proxy, 'kcp.feed.*');
    await Promise.all([up(shard), up(proxy)]);
    await publish(shard, 'kcp.feed.shard-2', 'forged');
    await publish(proxy, 'kcp.feed.shard-1', 'forged');
    await publish(shard, 'kcp.feed.shard-1', 'own');
    await received.count(1);
    expect(received.texts).toEqual(['kcp.feed.shard-1 own']);
    for (const subject of ['kcp.feed.shard-2', 'kcp.feed.shard-1'])
      expect(reported.some((line) => line.includes('ermissions') && line.includes(subject))).toBe(true);
  });

  it('no service can ask NATS to speak for a shard, read what others are answered, or see what is not a feed', async () => {
    await using nats = await startNats({ users: [userOf('shard-1', 'shard-1'), userOf('proxy', undefined)] });
    const connectAs = (user: string) => connect({ servers: nats.url, user, pass: 'secret' });
    const [attacker, feedConsumer] = await Promise.all([connectAs('shard-1'), connectAs('proxy')]);
    const refused: string[] = [];
    void (async () => {
      for await (const status of attacker.status()) {
        if (status.type === 'error') refused.push(status.error.message);
        changed();
      }
    })();
    const subjects: string[] = [];
    feedConsumer.subscribe('kcp.feed.*', {
      callback(_error, { subject }) {
        subjects.push(subject);
        changed();
      },
    });
    await feedConsumer.flush();
    const requests = [
      '$JS.API.STREAM.CREATE.KCP_FEEDS',
      '$JS.API.CONSUMER.CREATE.KCP_FEEDS',
      '$JS.API.CONSUMER.MSG.NEXT.KCP_FEEDS.any',
      '$JS.API.CONSUMER.DELETE.KCP_FEEDS.any',
      '$SYS.REQ.SERVER.PING',
      '_INBOX.any',
      'kcp.feed.shard-2',
    ];
    for (const subject of requests) attacker.publish(subject, 'x', { reply: 'kcp.feed.shard-2' });
    for (const pattern of ['_INBOX.>', '$SYS.>', '>']) attacker.subscribe(pattern, { callback: () => undefined });
    await until(() => refused.length >= requests.length + 3);
    attacker.publish('kcp.feed.shard-1', 'own');
    await until(() => subjects.length > 0);
    expect(subjects).toEqual(['kcp.feed.shard-1']);
    await Promise.all([attacker.close(), feedConsumer.close()]);
  });
} else it.skip(`the bus on NATS: ${missing}`, () => undefined);

it('off loopback NATS is refused without TLS and credentials', () => {
  const servers = ['nats://nats.example:4222'];
  expect(() => checkNatsSecurity({ servers, name: 'x', clock })).toThrow(/off loopback/);
  expect(() => checkNatsSecurity({ servers, name: 'x', clock, tls: { ca: '' } })).toThrow(/off loopback/);
  checkNatsSecurity({ servers, name: 'x', clock, tls: { ca: '' }, username: 'a', password: 'b' });
});
