/**
 * The bus on NATS JetStream: one stream for all feeds, in memory and bounded, and one ordered consumer for each subscription. A service starts whether NATS
 * is there or not, and goes on trying; what was published meanwhile is lost, which followers see.
 */

import type { Clock } from '@kcp-ts/base';
import { pauseOn, throwLater } from '@kcp-ts/base';
import { StatusError } from '@kcp-ts/meta';
import type { JetStreamClient } from '@nats-io/jetstream';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import type { Bus, BusHandlers } from '../bus.ts';
import { messageBytesMax } from '../bus.ts';
import { compileSubject } from '../subject.ts';
import { ensureFeedStream } from './feed-stream.ts';
import { feedStream } from './nats-permissions.ts';

export interface NatsBusOptions {
  /** `nats://host:port`, or `tls://` with `tls`. */
  readonly servers: readonly string[];
  /** PEM texts. */
  readonly tls?:
    | { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Shown by the server. */
  readonly name: string;
  readonly clock: Clock;
  /** One line about a connection that broke or came back. */
  onState?(up: boolean, detail: string): void;
}

const inFlightMax = 1_000;
const publishTimeoutMs = 5_000;
const retryMs = 500;
/** A server that refuses a certificate may leave the client waiting. */
const connectTimeoutMs = 3_000;
const heartbeatMs = 1_000;

function isLoopback(server: string): boolean {
  const { hostname } = new URL(server.includes('://') ? server : `nats://${server}`);
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
}

/** Throws RangeError where others could read or write what goes over the wire. */
export function checkNatsSecurity({ servers, tls, username }: NatsBusOptions): void {
  if (servers.every(isLoopback)) return;
  if (tls === undefined || username === undefined || username === '')
    throw new RangeError('Cannot use NATS off loopback without TLS and credentials: whoever writes to it writes RBAC');
}

/** Returns at once; the connection is made, and made again, in the background. */
export function connectNats(options: NatsBusOptions): Bus {
  checkNatsSecurity(options);
  const bus = new NatsBus(options);
  bus.open();
  return bus;
}

interface Subscription {
  readonly pattern: string;
  readonly handlers: BusHandlers;
  readonly matches: (subject: string) => boolean;
  stop: (() => void) | undefined;
}

class NatsBus implements Bus {
  readonly messageBytesMax = messageBytesMax;
  readonly #options: NatsBusOptions;
  readonly #subscriptions = new Set<Subscription>();
  #connection: NatsConnection | undefined;
  #client: JetStreamClient | undefined;
  #up = false;
  #closed = false;
  #inFlight = 0;
  #connecting: Promise<void> = Promise.resolve();
  #beginning: Promise<void> = Promise.resolve();

  constructor(options: NatsBusOptions) {
    this.#options = options;
  }

  open(): void {
    this.#connecting = this.#connect();
  }

  async #connect(): Promise<void> {
    const { servers, tls, username, password, name } = this.#options;
    const settings: ConnectionOptions = {
      servers: [...servers],
      name,
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: retryMs,
      timeout: connectTimeoutMs,
      // For ever, even where the server was given other credentials for a while.
      ignoreAuthErrorAbort: true,
      pingInterval: 5_000,
      maxPingOut: 2,
      ...(tls === undefined
        ? {}
        : {
            tls: {
              ca: tls.ca,
              ...(tls.cert === undefined ? {} : { cert: tls.cert }),
              ...(tls.key === undefined ? {} : { key: tls.key }),
            },
          }),
      ...(username === undefined || username === '' ? {} : { user: username, pass: password ?? '' }),
    };
    while (!this.#closed) {
      try {
        this.#connection = await connect(settings);
        break;
      } catch (error) {
        this.#options.onState?.(false, error instanceof Error ? error.message : String(error));
        await this.#pause();
      }
    }
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#closed) return connection.close();
    void this.#followState(connection);
    await this.#begin(connection);
  }

  #pause(): Promise<void> {
    return pauseOn(this.#options.clock, retryMs);
  }

  async #followState(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#setUp(false, 'disconnected');
      if (status.type === 'reconnect') void this.#begin(connection);
    }
  }

  #setUp(up: boolean, detail: string): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#options.onState?.(up, detail);
    for (const { handlers } of this.#subscriptions) handlers.state?.(up);
  }

  /** The stream is there, and everybody consumes it, from now on. One after the other: each subscription has one consumer. */
  #begin(connection: NatsConnection): Promise<void> {
    this.#beginning = this.#beginning.then(() => this.#beginNow(connection));
    return this.#beginning;
  }

  async #beginNow(connection: NatsConnection): Promise<void> {
    while (!this.#closed && !connection.isClosed()) {
      try {
        await ensureFeedStream(await jetstreamManager(connection, { checkAPI: false }));
        this.#client = jetstream(connection);
        for (const subscription of this.#subscriptions) await this.#consume(subscription);
        this.#setUp(true, connection.getServer());
        return;
      } catch (error) {
        this.#options.onState?.(false, error instanceof Error ? error.message : String(error));
        await this.#pause();
      }
    }
  }

  async #consume(subscription: Subscription): Promise<void> {
    subscription.stop?.();
    const client = this.#client;
    if (client === undefined) return;
    const consumer = await client.consumers.get(feedStream, {
      filter_subjects: subscription.pattern,
      deliver_policy: DeliverPolicy.New,
    });
    let stopped = false;
    const messages = await consumer.consume({
      max_messages: 1_000,
      idle_heartbeat: heartbeatMs,
      callback: ({ subject, data }) => {
        if (stopped) return;
        try {
          subscription.handlers.message(subject, data);
        } catch (error) {
          // The client would end the consumer.
          throwLater(error);
        }
      },
    });
    subscription.stop = () => {
      stopped = true;
      messages.stop();
    };
    void this.#followConsumer(messages.status(), subscription, () => stopped);
    subscription.handlers.gap();
  }

  async #followConsumer(
    statuses: AsyncIterable<{ readonly type: string }>,
    subscription: Subscription,
    isStopped: () => boolean,
  ): Promise<void> {
    for await (const { type } of statuses) {
      if (isStopped()) return;
      if (type === 'stream_not_found' || type === 'consumer_not_found' || type === 'consumer_deleted') {
        // The server has lost its data: the stream is made again, and the consumer with it.
        const connection = this.#connection;
        if (connection !== undefined && !this.#closed) await this.#begin(connection);
        return;
      }
      if (type === 'ordered_consumer_recreated' || type === 'heartbeats_missed') subscription.handlers.gap();
    }
  }

  state(): 'up' | 'down' {
    return this.#up ? 'up' : 'down';
  }

  async publish(subject: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > messageBytesMax)
      throw new StatusError('RequestEntityTooLarge', `a message of ${bytes.length} bytes is too large for the bus`);
    const client = this.#client;
    if (client === undefined || !this.#up || this.#inFlight >= inFlightMax)
      throw new StatusError('ServiceUnavailable', 'the bus cannot take a message now');
    this.#inFlight++;
    try {
      await client.publish(subject, bytes, { timeout: publishTimeoutMs });
    } catch (error) {
      throw new StatusError('ServiceUnavailable', 'the bus did not take a message', undefined, { cause: error });
    } finally {
      this.#inFlight--;
    }
  }

  async subscribe(pattern: string, handlers: BusHandlers): Promise<Disposable> {
    const subscription: Subscription = { pattern, handlers, matches: compileSubject(pattern), stop: undefined };
    this.#subscriptions.add(subscription);
    if (this.#up) await this.#consume(subscription);
    return {
      [Symbol.dispose]: () => {
        this.#subscriptions.delete(subscription);
        subscription.stop?.();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#setUp(false, 'closed');
    for (const { stop } of this.#subscriptions) stop?.();
    this.#subscriptions.clear();
    await this.#connection?.close();
    await Promise.race([this.#connecting, this.#pause()]);
  }
}
