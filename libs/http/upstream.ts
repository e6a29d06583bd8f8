/**
 * Connections to another server of the installation, and requests handed on over them as they are: bodies stream both ways with backpressure and are never
 * decoded. HTTP/2 over mTLS; a connection that has failed is never used again.
 */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { Readable } from 'node:stream';
import type { Clock } from '@kcp-ts/base';
import type { BodyStream, Exchange, ResponseHeaders } from './exchange.ts';
import { incoming } from './incoming.ts';

export interface UpstreamOptions {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM texts. */
  readonly tls: { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined };
  readonly clock: Clock;
  /** How long a connection may take to come up; 2 s when absent. */
  readonly connectTimeoutMs?: number | undefined;
}

/** What became of a request that was handed on. */
export interface ForwardOutcome {
  /** The connection, or the server behind it, failed before it answered; nobody has answered the client. */
  unreachable(error: Error): void;
  /** The head of the answer has come, with this status. */
  answered?(status: number): void;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Flows from the moment that somebody listens to it. */
  readonly body: Readable;
}

export interface Upstream extends Disposable {
  /** Hands an exchange on, under another path and with these headers, and its answer back. Never throws. */
  forward(exchange: Exchange, path: string, headers: OutgoingHttpHeaders, outcome: ForwardOutcome): void;
  /** A request of our own. Rejects when the server cannot be reached or the signal is aborted before it answers. */
  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options?: { readonly body?: Uint8Array | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<UpstreamAnswer>;
  sizes(): { readonly sessions: number; readonly streams: number };
}

interface Session {
  readonly http: ClientHttp2Session;
  /** What the server lets us open at once. */
  max: number;
  streams: number;
  usable: boolean;
}

const connectTimeoutDefaultMs = 2_000;
const pingMs = 5_000;
const windowBytes = 1024 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** Before a server has said how many streams it takes. */
const streamsGuess = 100;

/** Headers of an answer that belong to its connection, or are made anew. */
const dropped = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'trailer']);

function ignore(): void {}

function answerHeaders(headers: IncomingHttpHeaders): ResponseHeaders {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    if (name.charCodeAt(0) === 0x3a || dropped.has(name)) continue;
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

export function createUpstream(options: UpstreamOptions): Upstream {
  return new Http2Upstream(options);
}

class Http2Upstream implements Upstream {
  readonly #options: UpstreamOptions;
  readonly #authority: string;
  readonly #sessions = new Set<Session>();
  #sweeper: Disposable | undefined;
  #closed = false;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#authority = new URL(options.url).host;
  }

  #session(): Session {
    for (const session of this.#sessions) if (session.usable && session.streams < session.max) return session;
    return this.#connect();
  }

  #connect(): Session {
    const { url, tls, clock } = this.#options;
    const http = connect(url, {
      ca: tls.ca,
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      maxSessionMemory: 1000,
      settings: { enablePush: false, initialWindowSize: windowBytes },
    });
    const session: Session = { http, max: streamsGuess, streams: 0, usable: true };
    this.#sessions.add(session);
    const slow = clock.setTimer(this.#options.connectTimeoutMs ?? connectTimeoutDefaultMs, () =>
      http.destroy(new Error(`${url} does not take connections`)),
    );
    const over = () => {
      session.usable = false;
      slow[Symbol.dispose]();
      this.#sessions.delete(session);
    };
    http.once('connect', () => {
      slow[Symbol.dispose]();
      http.setLocalWindowSize(connectionWindowBytes);
    });
    http.on('remoteSettings', ({ maxConcurrentStreams }) => {
      if (maxConcurrentStreams !== undefined) session.max = maxConcurrentStreams;
    });
    http.on('error', over);
    http.on('goaway', () => {
      session.usable = false;
    });
    http.on('close', over);
    // What is open keeps the process alive, not what is idle.
    http.unref();
    this.#sweeper ??= this.#sweep();
    return session;
  }

  /** Asks every connection for a sign of life, and drops those that gave none. */
  #sweep(): Disposable {
    return this.#options.clock.setTimer(pingMs, () => {
      for (const session of this.#sessions) {
        if (session.http.connecting || session.http.destroyed) continue;
        const late = this.#options.clock.setTimer(pingMs, () =>
          session.http.destroy(new Error('the server is silent')),
        );
        session.http.ping(() => late[Symbol.dispose]());
      }
      this.#sweeper = this.#closed ? undefined : this.#sweep();
    });
  }

  #open(head: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    const session = this.#session();
    const stream = session.http.request(head, { endStream });
    session.streams++;
    session.http.ref();
    stream.once('close', () => {
      session.streams--;
      if (session.streams > 0) return;
      if (session.usable) session.http.unref();
      else session.http.close();
    });
    return stream;
  }

  forward(exchange: Exchange, path: string, headers: OutgoingHttpHeaders, outcome: ForwardOutcome): void {
    headers[':method'] = exchange.method;
    headers[':path'] = path;
    headers[':authority'] = this.#authority;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#open(headers, !exchange.hasBody);
    } catch (error) {
      outcome.unreachable(error as Error);
      return;
    }
    let body: BodyStream | undefined;
    let over = false;
    stream.on('response', (answer) => {
      const status = answer[':status'] ?? 502;
      outcome.answered?.(status);
      if (exchange.closed) return;
      try {
        body = exchange.stream(status, answerHeaders(answer));
      } catch {
        stream.close(constants.NGHTTP2_CANCEL);
        return;
      }
      body.onDrain(() => stream.resume());
    });
    stream.on('data', (chunk: Buffer) => {
      if (body !== undefined && !body.write(chunk)) stream.pause();
    });
    stream.on('end', () => {
      over = true;
      body?.end();
    });
    stream.on('error', (error) => {
      if (over) return;
      over = true;
      if (body !== undefined) body.destroy();
      else if (!exchange.answered && !exchange.closed) outcome.unreachable(error);
    });
    stream.on('close', () => {
      if (over) return;
      over = true;
      if (body !== undefined) body.destroy();
      else if (!exchange.answered && !exchange.closed) outcome.unreachable(new Error('the connection was closed'));
    });
    exchange.onClose(() => {
      if (over) return;
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
    });
    if (exchange.hasBody) sendBody((exchange as Exchange & { readonly [incoming]: Readable })[incoming], stream);
  }

  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: { readonly body?: Uint8Array | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<UpstreamAnswer> {
    const { body, signal } = options;
    return new Promise((resolve, reject) => {
      const head = { ...headers, ':method': method, ':path': path, ':authority': this.#authority };
      const stream = this.#open(head, body === undefined);
      const cancel = () => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(new Error('the request was given up'));
      };
      if (signal?.aborted === true) {
        cancel();
        return;
      }
      signal?.addEventListener('abort', cancel, { once: true });
      stream.once('close', () => {
        signal?.removeEventListener('abort', cancel);
        reject(new Error('the connection was closed'));
      });
      stream.on('error', reject);
      stream.on('response', (answer) => resolve({ status: answer[':status'] ?? 502, headers: answer, body: stream }));
      if (body !== undefined) stream.end(body);
    });
  }

  sizes(): { sessions: number; streams: number } {
    let streams = 0;
    for (const session of this.#sessions) streams += session.streams;
    return { sessions: this.#sessions.size, streams };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#sweeper?.[Symbol.dispose]();
    for (const { http } of this.#sessions) http.destroy();
  }
}

/** No faster than the server takes it; a client that breaks off takes the request with it. */
function sendBody(source: Readable, stream: ClientHttp2Stream): void {
  source.on('data', (chunk: Buffer) => {
    if (stream.destroyed || stream.writableEnded || stream.write(chunk)) return;
    source.pause();
    stream.once('drain', () => source.resume());
  });
  source.on('end', () => {
    if (!stream.destroyed) stream.end();
  });
  source.on('error', ignore);
  // A server that has answered before it took all may stop listening; what still comes is dropped.
  stream.once('close', () => source.resume());
}
