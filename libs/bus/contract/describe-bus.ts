/** The contract of a Bus as a function: a bus's test file is a call of it. */
import assert from 'node:assert/strict';
import { createConditions } from '@kcp-ts/testing';
import { describe, it } from 'vitest';
import type { Bus } from '../bus.ts';

export interface BusUnderTest extends AsyncDisposable {
  /** Another connection to the same bus. */
  connect(): Promise<Bus>;
}

export interface Received extends Disposable {
  readonly texts: string[];
  gaps: number;
  /** Resolves when so many messages have come. */
  count(wanted: number): Promise<void>;
  /** Resolves when the condition holds after a message or a gap. */
  until(condition: () => boolean): Promise<void>;
}

/** Subscribes and keeps what comes as `subject text`. */
export async function receive(bus: Bus, pattern: string): Promise<Received> {
  const texts: string[] = [];
  const { changed, until } = createConditions();
  const received = { texts, gaps: 0, until, count: (wanted: number) => until(() => texts.length >= wanted) };
  const subscription = await bus.subscribe(pattern, {
    message(subject, bytes) {
      texts.push(`${subject} ${Buffer.from(bytes).toString()}`);
      changed();
    },
    gap() {
      received.gaps++;
      changed();
    },
  });
  return Object.assign(received, { [Symbol.dispose]: () => subscription[Symbol.dispose]() });
}

const cases: Readonly<Record<string, (publisher: Bus, feedConsumer: Bus) => Promise<void>>> = {
  async 'a subscriber gets what is published, in order'(publisher, feedConsumer) {
    using received = await receive(feedConsumer, 'kcp.feed.*');
    const wanted = Array.from({ length: 200 }, (_, index) => `kcp.feed.alpha ${index}`);
    await Promise.all(wanted.map((_, index) => publisher.publish('kcp.feed.alpha', Buffer.from(String(index)))));
    await received.count(200);
    assert.deepEqual(received.texts, wanted);
  },
  async 'a subscriber gets the subjects of its pattern only'(publisher, feedConsumer) {
    using all = await receive(feedConsumer, 'kcp.feed.*');
    using one = await receive(feedConsumer, 'kcp.feed.beta');
    for (const shard of ['alpha', 'beta', 'gamma']) await publisher.publish(`kcp.feed.${shard}`, Buffer.from('x'));
    await all.count(3);
    await one.count(1);
    assert.deepEqual(all.texts, ['kcp.feed.alpha x', 'kcp.feed.beta x', 'kcp.feed.gamma x']);
    assert.deepEqual(one.texts, ['kcp.feed.beta x']);
  },
  async 'a subscription begins when it was made'(publisher, feedConsumer) {
    await publisher.publish('kcp.feed.alpha', Buffer.from('before'));
    using received = await receive(feedConsumer, 'kcp.feed.*');
    await publisher.publish('kcp.feed.alpha', Buffer.from('after'));
    await received.count(1);
    assert.deepEqual(received.texts, ['kcp.feed.alpha after']);
  },
  async 'a message is not delivered from inside publish'(publisher, feedConsumer) {
    using received = await receive(feedConsumer, 'kcp.feed.*');
    const published = publisher.publish('kcp.feed.alpha', Buffer.from('x'));
    assert.deepEqual(received.texts, []);
    await published;
    await received.count(1);
  },
  async 'a subscription that has ended gets nothing, and the others go on'(publisher, feedConsumer) {
    const ended = await receive(feedConsumer, 'kcp.feed.*');
    using received = await receive(feedConsumer, 'kcp.feed.*');
    ended[Symbol.dispose]();
    await publisher.publish('kcp.feed.alpha', Buffer.from('x'));
    await received.count(1);
    assert.deepEqual(ended.texts, []);
  },
  async 'a message carries any bytes, as many as are allowed'(publisher, feedConsumer) {
    let bytes: Uint8Array | undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _subscription = await feedConsumer.subscribe('kcp.feed.*', {
      message(_subject, given) {
        bytes = given;
        resolve();
      },
      gap: () => undefined,
    });
    const sent = Buffer.alloc(publisher.messageBytesMax, Uint8Array.from([0, 13, 10, 255]));
    await publisher.publish('kcp.feed.alpha', sent);
    await promise;
    assert.equal(Buffer.compare(sent, bytes as Uint8Array), 0);
  },
  async 'a message that is too large is refused'(publisher) {
    await assert.rejects(publisher.publish('kcp.feed.alpha', Buffer.alloc(publisher.messageBytesMax + 1)), {
      reason: 'RequestEntityTooLarge',
    });
  },
  async 'a bus that is closed takes nothing'(publisher) {
    await publisher[Symbol.asyncDispose]();
    assert.equal(publisher.state(), 'down');
    await assert.rejects(publisher.publish('kcp.feed.alpha', Buffer.from('x')), { reason: 'ServiceUnavailable' });
  },
};

export function describeBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(name, () => {
    for (const [title, run] of Object.entries(cases))
      it(title, async () => {
        await using bus = await open();
        await run(await bus.connect(), await bus.connect());
      });
  });
}
