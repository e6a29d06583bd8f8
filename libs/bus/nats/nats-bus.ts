/**
 * The bus on NATS, by its publish and subscribe alone: what a service may do is then what its
 * permissions say (JetStream sends messages to any subject that it is asked to send them to). A
 * service starts whether NATS is there or not, and goes on trying; what was published meanwhile is
 * lost, which subscribers see.
 */

import { StatusError } from '@kcp-ts/api';
import type { Clock, Live } from '@kcp-ts/base';
import { every, liveOf, pauseOn, throwLater } from '@kcp-ts/base';
import type { ConnectionOptions, NatsConnection, Subscription as NatsSubscription } from '@nats-io/transport-node';
import { connect, usernamePasswordAuthenticator } from '@nats-io/transport-node';
import type { Bus, BusHandlers } from '../bus.ts';
import { messageBytesMax } from '../bus.ts';
import { compileSubject } from '../subject.ts';

/** PEM texts. */
export interface NatsTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface NatsBusOptions {
  /** `nats://host:port`, or `tls://` with `tls`. */
  readonly servers: readonly string[];
  /** What has changed is taken when a connection is made the next time. */
  readonly tls?: NatsTls | Live<NatsTls> | undefined;
  readonly username?: string | undefined;
  /** A function is asked whenever a connection is made. */
  readonly password?: string | (() => string) | undefined;
  /** Shown by the server. */
  readonly name: string;
  readonly clock: Clock;
  /** One line about a connection that broke or came back. */
  onState?(up: boolean, detail: string): void;
}

const inFlightMax = 1_000;
const retryMs = 500;
/** A server that refuses a certificate may leave the client waiting. */
const connectTimeoutMs = 3_000;
/**
 * The server is pinged so often; when it gives no answer for twice as long, messages
 * may be missing.
 */
const heartbeatMs = 1_000;

function isLoopback(server: string): boolean {
  const { hostname } = new URL(server.includes('://') ? server : `nats://${server}`);
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
}

/** Throws RangeError where others could read or write what goes over the wire. */
export function checkNatsSecurity({ servers, tls, username }: NatsBusOptions): void {
  if (servers.every(isLoopback)) return;
  if (tls === undefined || username === undefined || username === '')
    throw new RangeError(
      'Cannot use NATS off loopback without TLS and credentials: anybody who writes to it writes RBAC',
    );
}

/** The client reads its settings whenever it connects, again too. */
function tlsSettings(tls: Live<NatsTls>): NonNullable<ConnectionOptions['tls']> {
  const settings = {
    get ca() {
      return tls.current().ca;
    },
    get cert() {
      return tls.current().cert;
    },
    get key() {
      return tls.current().key;
    },
  };
  return settings as NonNullable<ConnectionOptions['tls']>;
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
  /** At the server; undefined while there is none. */
  there: NatsSubscription | undefined;
}

class NatsBus implements Bus {
  readonly messageBytesMax = messageBytesMax;
  readonly #options: NatsBusOptions;
  readonly #subscriptions = new Set<Subscription>();
  #connection: NatsConnection | undefined;
  #heartbeat: Disposable | undefined;
  /** Since when an answer has been waited for, on the monotonic clock. */
  #askedMs: number | undefined;
  #flushing: Promise<void> | undefined;
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
      ...(tls === undefined ? {} : { tls: tlsSettings(liveOf(tls)) }),
      ...(username === undefined || username === ''
        ? {}
        : {
            authenticator: usernamePasswordAuthenticator(username, () =>
              typeof password === 'function' ? password() : (password ?? ''),
            ),
          }),
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
      if (status.type === 'error') this.#options.onState?.(this.#up, status.error.message);
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

  /** All subscriptions are served again from now on. One after the other: each is made once. */
  #begin(connection: NatsConnection): Promise<void> {
    this.#beginning = this.#beginning.then(() => this.#beginNow(connection));
    return this.#beginning;
  }

  async #beginNow(connection: NatsConnection): Promise<void> {
    while (!this.#closed && !connection.isClosed()) {
      try {
        for (const subscription of this.#subscriptions) await this.#subscribe(subscription, connection);
        this.#setUp(true, connection.getServer());
        this.#heartbeat ??= every(this.#options.clock, heartbeatMs, () => this.#askForLife(connection));
        return;
      } catch (error) {
        this.#options.onState?.(false, error instanceof Error ? error.message : String(error));
        await this.#pause();
      }
    }
  }

  /**
   * The client makes a subscription again by itself when the connection is back: the subscriber
   * only gets a gap for what it may have missed.
   */
  async #subscribe(subscription: Subscription, connection: NatsConnection): Promise<void> {
    const { pattern, handlers } = subscription;
    subscription.there ??= connection.subscribe(pattern, {
      callback: (error, { subject, data }) => {
        if (error !== null) return;
        try {
          handlers.message(subject, data);
        } catch (thrown) {
          // The client would end the subscription.
          throwLater(thrown);
        }
      },
    });
    // The server has it now: what is published from here on comes.
    await connection.flush();
    handlers.gap();
  }

  /**
   * A connection that is cut without a word looks as if nothing happened: the subscribers get a
   * gap, again and again, until the server answers.
   */
  #askForLife(connection: NatsConnection): void {
    if (!this.#up) return;
    const now = this.#options.clock.monotonic();
    if (this.#askedMs === undefined) {
      this.#askedMs = now;
      const answered = () => {
        this.#askedMs = undefined;
      };
      connection.flush().then(answered, answered);
    } else if (now - this.#askedMs >= 2 * heartbeatMs) {
      for (const { handlers } of this.#subscriptions) handlers.gap();
    }
  }

  /**
   * Resolves when the server has all that was sent until now; those who ask while an answer is
   * awaited share the next one.
   */
  #flushed(connection: NatsConnection): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      return connection.flush();
    });
    return this.#flushing;
  }

  state(): 'up' | 'down' {
    return this.#up ? 'up' : 'down';
  }

  async publish(subject: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > messageBytesMax)
      throw new StatusError('RequestEntityTooLarge', `a message of ${bytes.length} bytes is too large for the bus`);
    const connection = this.#connection;
    if (connection === undefined || !this.#up || this.#inFlight >= inFlightMax)
      throw new StatusError('ServiceUnavailable', 'the bus cannot take a message now');
    this.#inFlight++;
    try {
      connection.publish(subject, bytes);
      await this.#flushed(connection);
    } catch (error) {
      throw new StatusError('ServiceUnavailable', 'the bus did not take a message', undefined, { cause: error });
    } finally {
      this.#inFlight--;
    }
  }

  async subscribe(pattern: string, handlers: BusHandlers): Promise<Disposable> {
    // Throws for what is no pattern.
    compileSubject(pattern);
    const subscription: Subscription = { pattern, handlers, there: undefined };
    this.#subscriptions.add(subscription);
    if (this.#up && this.#connection !== undefined) await this.#subscribe(subscription, this.#connection);
    return {
      [Symbol.dispose]: () => {
        this.#subscriptions.delete(subscription);
        subscription.there?.unsubscribe();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#setUp(false, 'closed');
    this.#heartbeat?.[Symbol.dispose]();
    for (const { there } of this.#subscriptions) there?.unsubscribe();
    this.#subscriptions.clear();
    await this.#connection?.close();
    await Promise.race([this.#connecting, this.#pause()]);
  }
}
