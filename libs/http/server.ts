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
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@kcp-ts/base';
import { createFlusher } from './coalescing-body.ts';
import { createDeadlines } from './deadlines.ts';
import type { ErrorListener } from './dispatch.ts';
import { createDispatch } from './dispatch.ts';
import type { ExchangeHandler } from './exchange.ts';
import { Http1Exchange } from './http1-exchange.ts';
import type { ExchangeNeeds } from './http2-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { HttpLimits } from './limits.ts';
import { defaultHttpLimits, sweepMsOf } from './limits.ts';
import type { Peer } from './peer.ts';
import { peerOf } from './peer.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { createSessionKeeper } from './session-keeper.ts';
import type { ServerTls } from './tls-server.ts';
import { createTlsServer, interceptConnections, tlsOptions } from './tls-server.ts';

export interface HttpServerOptions {
  readonly tls: ServerTls;
  readonly handler: ExchangeHandler;
  /** What a handler threw; the client has got a 500 that says nothing of it. */
  readonly onError: ErrorListener;
  readonly clock: Clock;
  /** Asked when an answer is about to be given: where it says no, the client gets 503 and may ask somebody else. Always yes when absent. */
  readonly mayAnswer?: (() => boolean) | undefined;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** New handshakes use these certificates; sessions that are open keep theirs. */
  setSecureContext(tls: ServerTls): void;
  /** Takes no new work (GOAWAY, connection: close), waits for what is in flight up to `drainMs`, then cuts off the rest. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

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

interface Http2Needs {
  readonly options: ReturnType<typeof sessionOptions>;
  readonly keeper: SessionKeeper<ServerHttp2Session>;
  readonly exchanges: ExchangeNeeds;
  readonly dispatch: (exchange: Http2Exchange) => void;
}

function serveHttp2(socket: TLSSocket, peer: Peer, { options, keeper, exchanges, dispatch }: Http2Needs): void {
  if (socket.destroyed) return;
  const session = performServerHandshake(socket, options);
  session.on('error', ignore);
  keeper.add(session);
  session.setLocalWindowSize(connectionWindowBytes);
  session.on('stream', (stream, headers, _flags, rawHeaders) => {
    stream.on('error', ignore);
    dispatch(new Http2Exchange(stream, headers, rawHeaders, peer, exchanges));
  });
}

/** Runs `look` every so often until disposed. */
function createSweeper(clock: Clock, everyMs: number, look: (elapsedMs: number) => void): Disposable {
  let timer: Disposable;
  const next = (elapsedMs: number) => {
    timer = clock.setTimer(everyMs, () => {
      look(elapsedMs);
      next(elapsedMs + everyMs);
    });
  };
  next(everyMs);
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const { clock, onError } = options;
  const bodies = createDeadlines(limits.bodyTimeoutMs, () => clock.monotonic());
  const mayAnswer = options.mayAnswer ?? (() => true);
  const exchanges: ExchangeNeeds = { flusher: createFlusher(), bodies, mayAnswer };
  const keeper = createSessionKeeper<ServerHttp2Session>();
  const dispatch = createDispatch(options.handler, onError);
  const http2: Http2Needs = { options: sessionOptions(limits), keeper, exchanges, dispatch };
  const peers = new WeakMap<object, Peer>();
  let sweeper: Disposable | undefined;
  let closing = false;

  const server = createTlsServer(options.tls, limits);
  interceptConnections(server, (socket) => {
    const peer = peerOf(socket);
    peers.set(socket, peer);
    if (closing) socket.destroy();
    if (socket.alpnProtocol !== 'h2') return false;
    serveHttp2(socket, peer, http2);
    return true;
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', ignore);
    response.on('error', ignore);
    if (closing) response.shouldKeepAlive = false;
    dispatch(new Http1Exchange(request, response, peers.get(request.socket) ?? noPeer, exchanges));
  });

  const sweep = (elapsedMs: number) => {
    bodies.sweep();
    if (elapsedMs % limits.pingMs < sweepMsOf(limits)) keeper.sweep();
  };
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, backlog: 4096 }, () => {
          server.off('error', reject);
          server.on('error', (error) => onError(error, undefined));
          sweeper = createSweeper(clock, sweepMsOf(limits), sweep);
          resolve({ port: (server.address() as AddressInfo).port });
        });
      }),
    setSecureContext: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: ({ drainMs }) =>
      new Promise((resolve) => {
        closing = true;
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
      }),
  };
}

const noPeer: Peer = { address: '', port: 0, authorized: false };
