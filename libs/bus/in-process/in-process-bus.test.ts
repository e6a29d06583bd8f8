import { describe, expect, it } from 'vitest';
import { describeBus, receive } from '../contract/describe-bus.ts';
import { createInProcessBus } from './in-process-bus.ts';

describeBus('in process', () => {
  const bus = createInProcessBus();
  return Promise.resolve({
    connect: () => Promise.resolve(bus),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  });
});

describe('the queue of a subscription', () => {
  it('that is full loses what waits, and the subscriber gets a gap', async () => {
    await using bus = createInProcessBus({ queueMessagesMax: 3 });
    using received = await receive(bus, 'kcp.feed.*');
    for (const text of ['1', '2', '3', '4', '5']) void bus.publish('kcp.feed.a', Buffer.from(text));
    await received.count(2);
    expect(received.texts).toEqual(['kcp.feed.a 4', 'kcp.feed.a 5']);
    expect(received.gaps).toBe(1);
    await bus.publish('kcp.feed.a', Buffer.from('6'));
    await received.count(3);
    expect(received.gaps).toBe(1);
  });
});
