/**
 * The bus: each process has its own connection to it, and each may lose messages, receive them
 * twice, or receive nothing for a while.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { StatusError } from '@kcp-ts/api';
import type { Bus, BusHandlers } from '@kcp-ts/bus';
import { FeedMessageSchema } from '@kcp-ts/proto';
import type { SimProcess } from './process.ts';
import type { Rules } from './rules.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimBus {
  /** A process's connection to it. */
  open(process: SimProcess): Bus;
  /** The part of all messages that is lost on each way. */
  loss: number;
  /** Nothing goes through, and publishers get an error. */
  up: boolean;
  /** Says to everybody that messages may have been lost. */
  gap(): void;
}

export interface BusDependencies {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
}

interface Subscriber {
  readonly process: SimProcess;
  readonly handlers: BusHandlers;
  lastArrival: number;
}

/** Small, so that some commits travel by reference. */
const messageBytesMax = 2_400;

function withoutPrevious(bytes: Uint8Array): Uint8Array {
  return toBinary(
    FeedMessageSchema,
    create(FeedMessageSchema, { ...fromBinary(FeedMessageSchema, bytes), previous: 0 }),
  );
}

export function createSimBus({ time, chance, rules }: BusDependencies): SimBus {
  const subscribers = new Set<Subscriber>();

  function carry(subscriber: Subscriber, subject: string, bytes: Uint8Array): void {
    if (chance.happens(bus.loss)) return;
    subscriber.lastArrival = Math.max(subscriber.lastArrival, time.now() + chance.between(0.1, 4));
    const arrive = () => {
      if (subscribers.has(subscriber))
        subscriber.process.deliver(() => subscriber.handlers.message(subject, Uint8Array.from(bytes)));
    };
    time.at(subscriber.lastArrival, arrive);
    if (chance.happens(0.02)) time.at(subscriber.lastArrival + chance.between(0, 50), arrive);
  }

  const bus: SimBus = {
    loss: 0,
    up: true,
    gap() {
      for (const { process, handlers } of subscribers) process.deliver(() => handlers.gap());
    },
    open: (process) => ({
      messageBytesMax,
      state: () => (bus.up ? 'up' : 'down'),
      publish(subject, bytes) {
        if (process.state() === 'dead') return Promise.resolve();
        if (!bus.up) return Promise.reject(new StatusError('ServiceUnavailable', 'the bus is down'));
        const carried = rules.feedGaps ? bytes : withoutPrevious(bytes);
        for (const subscriber of subscribers) carry(subscriber, subject, carried);
        return Promise.resolve();
      },
      subscribe(_pattern, handlers) {
        const subscriber: Subscriber = { process, handlers, lastArrival: 0 };
        subscribers.add(subscriber);
        return Promise.resolve({ [Symbol.dispose]: () => void subscribers.delete(subscriber) });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  };
  return bus;
}
