/**
 * The only listening socket of a service: HTTP/2 and HTTP/1.1 over TLS on one port, told apart by ALPN.
 *
 * The TLS server belongs to Node's https server, which serves HTTP/1.1; sockets that speak h2 are taken from it before it sees them and
 * get an HTTP/2 session of their own. So neither protocol goes through Node's compatibility layer, and both make the same
 * exchange. Everything a client may hold open is bounded: connections, streams, header bytes, the time for a header or a body.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import { performServerHandshake } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@kcp-ts/base';
import { StatusError } from '@kcp-ts/meta';
import { createFlusher } from './coalescing-body.ts';
import { createDeadlines } from './deadlines.ts';
import type { Exchange, ExchangeHandler } from './exchange.ts';
import { Http1Exchange } from './http1-exchange.ts';
import type { ExchangeNeeds } from './http2-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { Peer } from './peer.ts';
import { peerOf } from './peer.ts';
import { createSessionKeeper } from './session-keeper.ts';

/** PEM texts. */
export interface ServerTls {
  readonly certificate: string;
  readonly privateKey: string;
  /** Client certificates are asked for, and those signed by it are authorized. Without it none is asked for. */
  readonly clientCa?: string | undefined;
}

export interface HttpServerOptions {
  readonly tls: ServerTls;
  readonly handler: ExchangeHandler;
  /** What a handler threw; the client has got a 500 that says nothing of it. */
  readonly onError: (error: unknown, exchange: Exchange) => void;
  readonly clock: Clock;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  readonly connectionsMax: number;
  /** Per HTTP/2 connection; the rest is refused with REFUSED_STREAM, which clients retry. */
  readonly concurrentStreamsMax: number;
  readonly headerBytesMax: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  /** An HTTP/1.1 connection without a request is closed after this. */
  readonly keepAliveMs: number;
  /** Every HTTP/2 session is asked for a sign of life this often and dropped when there was none until the next time. */
  readonly pingMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  connectionsMax: 20_000,
  concurrentStreamsMax: 1000,
  headerBytesMax: 64 * 1024,
  headerTimeoutMs: 30_000,
  bodyTimeoutMs: 60_000,
  keepAliveMs: 90_000,
  pingMs: 30_000,
};

export interface HttpServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** New handshakes use these certificates; sessions that are open keep theirs. */
  setSecureContext(tls: ServerTls): void;
  /** Takes no new work (GOAWAY, connection: close), waits for what is in flight up to `drainMs`, then cuts off the rest. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Session tickets stay off: a resumed session would keep the verdict on its client certificate past a change of the CA. */
function tlsOptions(tls: ServerTls) {
  return {
    cert: tls.certificate,
    key: tls.privateKey,
    minVersion: 'TLSv1.2' as const,
    secureOptions: sslOpNoTicket,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
  };
}

/** SSL_OP_NO_TICKET; TLS 1.3 sends no ticket either with it. */
const sslOpNoTicket = 0x4000;

function sessionOptions(limits: HttpLimits) {
  return {
    /** Megabytes. The default of 10 refuses streams once a few hundred watches are buffered. */
    maxSessionMemory: 1000,
    maxHeaderListPairs: 1000,
    maxSendHeaderBlockLength: limits.headerBytesMax,
    /** A client that opens and resets streams faster than this is sent away (CVE-2023-44487). */
    streamResetBurst: 1000,
    streamResetRate: 100,
    settings: {
      maxConcurrentStreams: limits.concurrentStreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: 1024 * 1024,
      enablePush: false,
    },
  };
}

/** How much a client may send over all streams of a connection before it is read. */
const connectionWindowBytes = 16 * 1024 * 1024;

function ignore(): void {}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const { clock, handler, onError } = options;
  const bodies = createDeadlines(limits.bodyTimeoutMs, () => clock.monotonic());
  const needs: ExchangeNeeds = { flusher: createFlusher(), bodies };
  const keeper = createSessionKeeper<ServerHttp2Session>();
  const peers = new WeakMap<object, Peer>();
  const http2Options = sessionOptions(limits);
  const sweepMs = Math.min(5000, limits.bodyTimeoutMs, limits.pingMs);
  let sweeper: Disposable | undefined;
  let closing = false;

  const failed = (error: unknown, exchange: Http1Exchange | Http2Exchange) => {
    if (!(error instanceof StatusError)) onError(error, exchange);
    if (exchange.answered) {
      exchange.cutOff();
      return;
    }
    const status = StatusError.from(error).toStatus();
    exchange.respond(status.code, { 'content-type': 'application/json' }, JSON.stringify(status));
  };
  const serve = (exchange: Http1Exchange | Http2Exchange) => {
    try {
      const answer = handler(exchange);
      if (answer !== undefined) answer.catch((error: unknown) => failed(error, exchange));
    } catch (error) {
      failed(error, exchange);
    }
  };

  const server = createServer({
    ...tlsOptions(options.tls),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: options.tls.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: 10_000,
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: Math.max(limits.bodyTimeoutMs, limits.headerTimeoutMs),
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: sweepMs,
    keepAlive: true,
    keepAliveInitialDelay: limits.pingMs,
    noDelay: true,
  });
  server.maxConnections = limits.connectionsMax;
  server.on('tlsClientError', ignore);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', ignore);
    response.on('error', ignore);
    if (closing) response.shouldKeepAlive = false;
    serve(new Http1Exchange(request, response, peers.get(request.socket) ?? noPeer, needs));
  });

  const serveHttp2 = (socket: TLSSocket, peer: Peer) => {
    const session = performServerHandshake(socket, http2Options);
    keeper.add(session);
    if (closing) session.close();
    session.on('error', ignore);
    session.setLocalWindowSize(connectionWindowBytes);
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      stream.on('error', ignore);
      serve(new Http2Exchange(stream, headers, rawHeaders, peer, needs));
    });
  };
  const http1Listeners = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    const peer = peerOf(socket);
    if (socket.alpnProtocol === 'h2') {
      serveHttp2(socket, peer);
      return;
    }
    peers.set(socket, peer);
    for (const listener of http1Listeners) listener.call(server, socket);
  });

  const sweep = (tick: number) => {
    sweeper = clock.setTimer(sweepMs, () => {
      bodies.sweep();
      if ((tick * sweepMs) % limits.pingMs < sweepMs) keeper.sweep();
      sweep(tick + 1);
    });
  };

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, backlog: 4096 }, () => {
          server.off('error', reject);
          sweep(1);
          resolve({ port: (server.address() as AddressInfo).port });
        });
      }),
    setSecureContext: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: ({ drainMs }) => {
      closing = true;
      return new Promise((resolve) => {
        const cut = clock.setTimer(drainMs, () => {
          keeper.destroyAll();
          server.closeAllConnections();
        });
        server.close(() => {
          cut[Symbol.dispose]();
          sweeper?.[Symbol.dispose]();
          resolve();
        });
        keeper.closeAll();
        server.closeIdleConnections();
      });
    },
  };
}

const noPeer: Peer = { address: '', port: 0, authorized: false };
