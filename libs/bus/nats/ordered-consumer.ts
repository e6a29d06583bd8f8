/**
 * One subscription's consumer: ephemeral, without acknowledgements, made anew whenever a message or two heartbeats are missing. It does not ask for what
 * was lost, which is the feeds' own affair: it says "gap" and goes on with what is new.
 */
import type { Clock } from '@kcp-ts/base';
import type { JetStreamManager } from '@nats-io/jetstream';
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { nanos, nuid } from '@nats-io/transport-node';
import type { BusHandlers } from '../bus.ts';
import { compileSubject } from '../subject.ts';
import { feedStream } from './feed-stream.ts';

const heartbeatMs = 1_000;
const silenceMaxMs = 2_500;
/** The server forgets a consumer that nobody listens to. */
const inactiveMs = 30_000;

export interface OrderedConsumer extends Disposable {
  /** Begins, or begins anew and says so, with what is published from now on. Rejects where the server does not answer. */
  open(connection: NatsConnection, manager: JetStreamManager, anew: boolean): Promise<void>;
  /** Whether it should be opened anew. */
  isBroken(): boolean;
  readonly handlers: BusHandlers;
}

export interface OrderedConsumerNeeds {
  readonly pattern: string;
  readonly handlers: BusHandlers;
  readonly inbox: string;
  readonly clock: Clock;
  /** A message is missing: opening it anew is due. */
  broken(): void;
}

export function createOrderedConsumer(needs: OrderedConsumerNeeds): OrderedConsumer {
  return new Consumer(needs);
}

class Consumer implements OrderedConsumer {
  readonly handlers: BusHandlers;
  readonly #needs: OrderedConsumerNeeds;
  readonly #matches: (subject: string) => boolean;
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;
  #expected = 1;
  #heardAt = 0;
  #broken = true;
  #closed = false;

  constructor(needs: OrderedConsumerNeeds) {
    this.#needs = needs;
    this.handlers = needs.handlers;
    this.#matches = compileSubject(needs.pattern);
  }

  async open(connection: NatsConnection, manager: JetStreamManager, anew: boolean): Promise<void> {
    this.#subscription?.unsubscribe();
    if (this.#closed) return;
    const name = nuid.next();
    const deliver = `${this.#needs.inbox}.${name}`;
    const subscription = connection.subscribe(deliver, {
      callback: (error, message) => {
        if (error === null && subscription === this.#subscription) this.#take(message);
      },
    });
    this.#connection = connection;
    this.#subscription = subscription;
    this.#expected = 1;
    this.#heardAt = this.#needs.clock.monotonic();
    // From the first moment on: a heartbeat may come before the answer.
    this.#broken = false;
    try {
      await manager.consumers.add(feedStream, {
        name,
        deliver_subject: deliver,
        deliver_policy: DeliverPolicy.New,
        replay_policy: ReplayPolicy.Instant,
        ack_policy: AckPolicy.None,
        filter_subject: this.#needs.pattern,
        flow_control: true,
        idle_heartbeat: nanos(heartbeatMs),
        inactive_threshold: nanos(inactiveMs),
        mem_storage: true,
        num_replicas: 1,
      });
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    if (anew) this.handlers.gap();
  }

  #take(message: Msg): void {
    this.#heardAt = this.#needs.clock.monotonic();
    const { reply, headers } = message;
    if (headers?.code === 100) {
      const stalled = headers.get('Nats-Consumer-Stalled');
      if (!message.respond() && stalled !== '') this.#connection?.publish(stalled);
      const last = headers.get('Nats-Last-Consumer');
      if (last !== '' && Number(last) >= this.#expected) this.#miss();
      return;
    }
    if (reply === undefined || !this.#matches(message.subject)) return;
    if (deliverySequence(reply) !== this.#expected) {
      this.#miss();
      return;
    }
    this.#expected++;
    this.handlers.message(message.subject, message.data);
  }

  #miss(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#subscription?.unsubscribe();
    this.#needs.broken();
  }

  isBroken(): boolean {
    return this.#broken || this.#needs.clock.monotonic() - this.#heardAt > silenceMaxMs;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#subscription?.unsubscribe();
  }
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, with two more segments behind `ACK` where there is a domain. */
function deliverySequence(reply: string): number {
  const segments = reply.split('.');
  return Number(segments[segments.length >= 11 ? 8 : 6]);
}
