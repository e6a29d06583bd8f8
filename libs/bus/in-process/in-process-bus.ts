/**
 * The bus of an installation that is one process. It is never down; a subscriber whose queue is
 * full loses the queue, and is called with a gap.
 */

import { StatusError } from '@kcp-ts/api';
import { nextTurn, throwLater } from '@kcp-ts/base';
import type { Bus, BusHandlers } from '../bus.ts';
import { messageBytesMax } from '../bus.ts';
import { compileSubject } from '../subject.ts';

export interface InProcessBusOptions {
  /** How many messages may wait for one subscription; 10,000 when absent. */
  readonly queueMessagesMax?: number | undefined;
}

export function createInProcessBus({ queueMessagesMax = 10_000 }: InProcessBusOptions = {}): Bus {
  return new InProcessBus(queueMessagesMax);
}

interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

interface Subscription {
  readonly matches: (subject: string) => boolean;
  readonly handlers: BusHandlers;
  queue: Message[];
  overflowed: boolean;
}

class InProcessBus implements Bus {
  readonly messageBytesMax = messageBytesMax;
  readonly #subscriptions = new Set<Subscription>();
  readonly #queueMessagesMax: number;
  #scheduled = false;
  #closed = false;

  constructor(queueMessagesMax: number) {
    this.#queueMessagesMax = queueMessagesMax;
  }

  state(): 'up' | 'down' {
    return this.#closed ? 'down' : 'up';
  }

  publish(subject: string, bytes: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(new StatusError('ServiceUnavailable', 'the bus is closed'));
    if (bytes.length > this.messageBytesMax)
      return Promise.reject(
        new StatusError('RequestEntityTooLarge', `a message of ${bytes.length} bytes is too large for the bus`),
      );
    for (const subscription of this.#subscriptions)
      if (subscription.matches(subject)) this.#enqueue(subscription, { subject, bytes });
    return Promise.resolve();
  }

  #enqueue(subscription: Subscription, message: Message): void {
    if (subscription.queue.length >= this.#queueMessagesMax) {
      subscription.queue = [];
      subscription.overflowed = true;
    }
    subscription.queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTurn(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    for (const subscription of [...this.#subscriptions]) {
      const { queue, overflowed, handlers } = subscription;
      subscription.queue = [];
      subscription.overflowed = false;
      if (overflowed) call(() => handlers.gap());
      for (const { subject, bytes } of queue) {
        if (!this.#subscriptions.has(subscription)) break;
        call(() => handlers.message(subject, bytes));
      }
    }
  }

  subscribe(pattern: string, handlers: BusHandlers): Promise<Disposable> {
    const subscription: Subscription = { matches: compileSubject(pattern), handlers, queue: [], overflowed: false };
    this.#subscriptions.add(subscription);
    return Promise.resolve({ [Symbol.dispose]: () => void this.#subscriptions.delete(subscription) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const { handlers } of this.#subscriptions) handlers.state?.(false);
    this.#subscriptions.clear();
    return Promise.resolve();
  }
}

/** A handler that throws must not keep messages from the others. */
function call(handler: () => void): void {
  try {
    handler();
  } catch (error) {
    throwLater(error);
  }
}
