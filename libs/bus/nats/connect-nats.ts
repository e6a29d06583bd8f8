/**
 * The bus over NATS JetStream. Nobody waits for a server: connecting, and everything that must be done anew after a server was away or has lost its data,
 * happens behind the door, for ever. `up` is: connected, the stream is there, and every subscription has its consumer.
 */
import type { Clock } from '@kcp-ts/base';
import { StatusError } from '@kcp-ts/meta';
import type { JetStreamClient } from '@nats-io/jetstream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import type { Bus, BusHandlers } from '../bus.ts';
import { messageBytesMax } from '../bus.ts';
import { ensureFeedStream } from './feed-stream.ts';
import type { NatsOptions } from './nats-options.ts';
import { checkNatsOptions, connectionOptions } from './nats-options.ts';
import { natsInbox } from './nats-permissions.ts';
import type { OrderedConsumer } from './ordered-consumer.ts';
import { createOrderedConsumer } from './ordered-consumer.ts';

export interface ConnectNatsOptions extends NatsOptions {
  readonly clock: Clock;
  readonly log?: ((event: Readonly<Record<string, unknown>>, message: string) => void) | undefined;
}

const retryFirstMs = 100;
const retryMaxMs = 2_000;
const lookEveryMs = 500;
const requestMs = 2_000;
const inFlightMessagesMax = 1_000;
const inFlightBytesMax = 16_000_000;

/** Resolves at once, whether there is a server or not. Rejects with a RangeError for servers elsewhere without TLS and credentials. */
export async function connectNats(options: ConnectNatsOptions): Promise<Bus> {
  checkNatsOptions(options);
  const bus = new NatsBus(options);
  await bus.begin();
  return bus;
}

class NatsBus implements Bus {
  readonly messageBytesMax = messageBytesMax;
  readonly #options: ConnectNatsOptions;
  readonly #inbox: string;
  readonly #consumers = new Set<OrderedConsumer>();
  #connection: NatsConnection | undefined;
  #client: JetStreamClient | undefined;
  #up = false;
  #closed = false;
  /** A message was not taken: the stream may have gone. */
  #suspected = false;
  #inFlight = 0;
  #inFlightBytes = 0;
  #preparing: Promise<void> | undefined;
  #timer: Disposable | undefined;

  constructor(options: ConnectNatsOptions) {
    this.#options = options;
    this.#inbox = natsInbox(options.name);
  }

  /** One attempt that is waited for, so that a service whose server is there starts with it; the others come behind. */
  async begin(): Promise<void> {
    if (!(await this.#tryConnect())) this.#later(retryFirstMs);
  }

  async #tryConnect(): Promise<boolean> {
    try {
      const connection = await connect(connectionOptions(this.#options, this.#inbox));
      if (this.#closed) {
        await connection.close();
        return true;
      }
      this.#connection = connection;
      this.#client = jetstream(connection, { timeout: requestMs });
      void this.#watch(connection);
      await this.#prepare();
      this.#look();
      return true;
    } catch (error) {
      this.#options.log?.({ error }, 'cannot connect to NATS');
      return false;
    }
  }

  #later(milliseconds: number): void {
    this.#timer = this.#options.clock.setTimer(milliseconds, async () => {
      if (this.#closed || (await this.#tryConnect())) return;
      this.#later(Math.min(2 * milliseconds, retryMaxMs));
    });
  }

  /** Connections come back by themselves; what was on the server may not. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#setUp(false);
      else if (status.type === 'reconnect') void this.#prepare();
      else if (status.type === 'error') this.#options.log?.({ error: status.error }, 'NATS has refused something');
    }
  }

  /** Stream and consumers, as far as they are not there; never rejects. */
  #prepare(): Promise<void> {
    this.#preparing ??= this.#prepareOnce().finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  async #prepareOnce(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || this.#closed) return;
    const wasUp = this.#up;
    try {
      const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestMs });
      if (!wasUp || this.#suspected) await ensureFeedStream(manager);
      this.#suspected = false;
      for (const consumer of this.#consumers)
        if (!wasUp || consumer.isBroken()) await consumer.open(connection, manager, true);
      this.#setUp(true);
    } catch (error) {
      this.#setUp(false);
      if (!this.#closed) this.#options.log?.({ error }, 'NATS is not ready');
    }
  }

  /** What is broken is mended here: heartbeats that stay away, a stream that has gone. */
  #look(): void {
    if (this.#closed) return;
    const broken = !this.#up || this.#suspected || [...this.#consumers].some((consumer) => consumer.isBroken());
    if (broken) void this.#prepare();
    this.#timer = this.#options.clock.setTimer(lookEveryMs, () => this.#look());
  }

  #setUp(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    for (const { handlers } of this.#consumers) handlers.state?.(up);
  }

  state(): 'up' | 'down' {
    return this.#up ? 'up' : 'down';
  }

  async publish(subject: string, message: Uint8Array): Promise<void> {
    const { length } = message;
    if (length > this.messageBytesMax)
      throw new StatusError('RequestEntityTooLarge', `a message of ${length} bytes is too large for the bus`);
    if (!this.#up || this.#client === undefined) throw unavailable('the bus is down');
    if (this.#inFlight >= inFlightMessagesMax || this.#inFlightBytes + length > inFlightBytesMax)
      throw unavailable('too much is under way on the bus');
    this.#inFlight++;
    this.#inFlightBytes += length;
    try {
      await this.#client.publish(subject, message, { timeout: requestMs });
    } catch (error) {
      this.#suspected = true;
      throw unavailable('the bus has not taken a message', error);
    } finally {
      this.#inFlight--;
      this.#inFlightBytes -= length;
    }
  }

  async subscribe(pattern: string, handlers: BusHandlers): Promise<Disposable> {
    const consumer = createOrderedConsumer({
      pattern,
      handlers,
      inbox: this.#inbox,
      clock: this.#options.clock,
      broken: () => void this.#prepare(),
    });
    await this.#openFirst(consumer);
    this.#consumers.add(consumer);
    return {
      [Symbol.dispose]: () => {
        this.#consumers.delete(consumer);
        consumer[Symbol.dispose]();
      },
    };
  }

  /** While the bus is down, and where this fails, the next look does it. */
  async #openFirst(consumer: OrderedConsumer): Promise<void> {
    await this.#preparing;
    if (!this.#up || this.#connection === undefined) return;
    try {
      const manager = await jetstreamManager(this.#connection, { checkAPI: false, timeout: requestMs });
      await consumer.open(this.#connection, manager, false);
    } catch (error) {
      this.#options.log?.({ error }, 'cannot subscribe');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#setUp(false);
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    for (const consumer of this.#consumers) consumer[Symbol.dispose]();
    this.#consumers.clear();
    await this.#connection?.close();
  }
}

function unavailable(message: string, cause?: unknown): StatusError {
  return new StatusError('ServiceUnavailable', message, undefined, { cause });
}
