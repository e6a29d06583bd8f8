/**
 * The only listening socket of a service: HTTP/2 and HTTP/1.1 over TLS on one port, distinguished
 * by ALPN.
 *
 * The TLS server belongs to Node's https server, which serves HTTP/1.1; sockets that speak h2 are
 * taken from it before it sees them and get an HTTP/2 session of their own. So neither protocol
 * goes through Node's compatibility layer, and both make the same exchange. Everything a client may
 * hold open is bounded: connections, streams, header bytes, the time for a header or a body.
 */
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import { performServerHandshake } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@kcp-ts/base';
import { every, nextTurn } from '@kcp-ts/base';
import { createFlusher } from './coalescing-body.ts';
import { createDeadlines } from './deadlines.ts';
import type { ErrorListener, ServedExchange } from './dispatch.ts';
import { createDispatch, refuseTooMany } from './dispatch.ts';
import type { ExchangeHandler } from './exchange.ts';
import type { FlowsOfConnection } from './flow.ts';
import { createFlows, flowHeader } from './flow.ts';
import type { Upgrade } from './http1-exchange.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { HttpLimits } from './limits.ts';
import { defaultHttpLimits, sweepMsOf } from './limits.ts';
import type { OpenSessions } from './open-sessions.ts';
import { createOpenSessions } from './open-sessions.ts';
import { createPace } from './pace.ts';
import { createPacedReading } from './paced-reading.ts';
import type { Peer } from './peer.ts';
import { peerOf } from './peer.ts';
import { createRequestQueue } from './request-queue.ts';
import type { ExchangeDependencies } from './served-request.ts';
import type { ServerTls } from './tls-server.ts';
import { createTlsServer, interceptConnections, paceHandshakes, tlsOptions } from './tls-server.ts';
import { createUnsentAnswers } from './unsent-answers.ts';

export interface HttpServerOptions {
  readonly tls: ServerTls;
  readonly handler: ExchangeHandler;
  /** What a handler threw; the client has got a 500 that says nothing of it. */
  readonly onError: ErrorListener;
  readonly clock: Clock;
  /**
   * Whether a connection is that of another service of the installation, which says whose requests
   * it hands on. No connection is when absent.
   */
  readonly isService?: ((peer: Peer) => boolean) | undefined;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpServer {
  /** Port 0 takes a free one. Rejects when the address cannot be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** New handshakes use these certificates; sessions that are open keep theirs. */
  setSecureContext(tls: ServerTls): void;
  /**
   * Takes no new work (GOAWAY, connection: close), waits for what is in flight up to `drainMs`,
   * then cuts off the rest.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
  /** What is held for clients now, for metrics. */
  sizes(): HttpServerSizes;
}

export interface HttpServerSizes {
  /** Requests that are under way and not answered, and those that wait for their turn. */
  readonly running: number;
  readonly waiting: number;
  /** Bytes of answers that clients have not taken. */
  readonly unsentBytes: number;
}

/** `service`: another service resets a stream whenever a client of its own leaves. */
function sessionOptions(limits: HttpLimits, service: boolean) {
  return {
    /** Megabytes. The default of 10 refuses streams once a few hundred watches are buffered. */
    maxSessionMemory: 1000,
    maxHeaderListPairs: 1000,
    maxSendHeaderBlockLength: limits.headerBytesMax,
    /** A client that opens and resets streams faster than this is sent away (CVE-2023-44487). */
    streamResetBurst: service ? 10_000 : 200,
    streamResetRate: service ? 10_000 : 100,
    settings: {
      maxConcurrentStreams: service ? limits.serviceStreamsMax : limits.concurrentStreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      /**
       * What a request that waits for its turn can make us hold of its body; kube-apiserver's
       * value.
       */
      initialWindowSize: 256 * 1024,
      enablePush: false,
    },
  };
}

/** How much a client may send over all streams of a connection before it is read. */
const connectionWindowBytes = 16 * 1024 * 1024;

function ignore(): void {}

/**
 * A session begins with what its client has sent by then. While so many requests have come in this
 * turn, further ones begin in later turns.
 */
const sessionsPerTurn = 4;
const requestsPerTurn = 64;

interface Http2Dependencies {
  readonly options: ReturnType<typeof sessionOptions>;
  readonly serviceOptions: ReturnType<typeof sessionOptions>;
  readonly sessions: OpenSessions;
  readonly paceReading: (socket: TLSSocket) => () => void;
  readonly exchanges: ExchangeDependencies;
  readonly submit: (exchange: Http2Exchange) => void;
  readonly dispatch: (exchange: Http2Exchange) => void;
}

interface Connection {
  readonly peer: Peer;
  readonly flows: FlowsOfConnection;
}

function serveHttp2(socket: TLSSocket, { peer, flows }: Connection, deps: Http2Dependencies): void {
  if (socket.destroyed) return;
  const { sessions, exchanges, submit, dispatch } = deps;
  const session = performServerHandshake(socket, flows.service ? deps.serviceOptions : deps.options);
  session.on('error', ignore);
  sessions.add(session, socket);
  session.setLocalWindowSize(connectionWindowBytes);
  // Another service paces what its own clients open.
  const opened = flows.service ? ignore : deps.paceReading(socket);
  session.on('stream', (stream, headers, _flags, rawHeaders) => {
    stream.on('error', ignore);
    opened();
    const from = { peer, flow: flows.flowOf(headers[flowHeader]) };
    submit(new Http2Exchange(stream, headers, rawHeaders, from, exchanges, dispatch));
  });
}

// check-allow function-length -- one server: it joins the sockets, the queue and the limits
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const { clock, onError } = options;
  const now = () => clock.monotonic();
  const bodies = createDeadlines(limits.bodyTimeoutMs, limits.bodyBytesMax, now);
  const queue = createRequestQueue({
    limits,
    clock,
    crowded: () => unsent.bytes() > limits.unsentBytesMax / 2,
    nextTurn,
  });
  const unsent = createUnsentAnswers({ limits, now, freed: (flow) => queue.startNext(flow) });
  const flusher = createFlusher((error) => onError(error, undefined));
  const exchanges: ExchangeDependencies = { flusher, bodies, queue, unsent };
  const sessions = createOpenSessions();
  const dispatch = createDispatch(options.handler, onError);
  const submit = (exchange: ServedExchange) => {
    if (exchange.closed) return;
    if (!queue.submit(exchange.flow, exchange)) refuseTooMany(exchange);
  };
  const hasRoom = () => queue.submittedNow() < requestsPerTurn;
  const paceSessions = createPace({ perTurn: sessionsPerTurn, hasRoom, nextTurn });
  const http2: Http2Dependencies = {
    paceReading: createPacedReading({ hasRoom, nextTurn }),
    options: sessionOptions(limits, false),
    serviceOptions: sessionOptions(limits, true),
    sessions,
    exchanges,
    submit,
    dispatch,
  };
  const connections = new WeakMap<object, Connection>();
  const flowsOf = createFlows(options.isService ?? (() => false));
  let sweeper: Disposable | undefined;
  let closing = false;

  const server = createTlsServer(options.tls, limits);
  paceHandshakes(server, nextTurn);
  interceptConnections(server, (socket) => {
    const peer = peerOf(socket);
    const connection = { peer, flows: flowsOf(peer) };
    connections.set(socket, connection);
    if (closing) socket.destroy();
    if (socket.alpnProtocol !== 'h2') return false;
    if (!paceSessions(() => serveHttp2(socket, connection, http2))) socket.on('error', ignore);
    return true;
  });
  function serveHttp1(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void {
    request.on('error', ignore);
    response.on('error', ignore);
    if (closing) response.shouldKeepAlive = false;
    const connection = connections.get(request.socket);
    if (connection === undefined) {
      request.socket.destroy();
      return;
    }
    const from = { peer: connection.peer, flow: connection.flows.flowOf(request.headers[flowHeader]) };
    submit(new Http1Exchange(request, response, from, exchanges, dispatch, upgrade));
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => serveHttp1(request, response));
  const upgraded = new Set<Duplex>();
  // Node has given the connection up: a plain answer is written to it as to any other, and is its
  // last.
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => upgraded.delete(socket));
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => socket.end());
    serveHttp1(request, response, { socket, head });
  });

  let nextPingMs = now() + limits.pingMs;
  const sweep = () => {
    bodies.sweep();
    unsent.sweep();
    sessions.sweep();
    if (now() < nextPingMs) return;
    nextPingMs = now() + limits.pingMs;
    sessions.ping();
  };
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, backlog: 4096 }, () => {
          server.off('error', reject);
          server.on('error', (error) => onError(error, undefined));
          sweeper = every(clock, sweepMsOf(limits), sweep);
          resolve({ port: (server.address() as AddressInfo).port });
        });
      }),
    setSecureContext: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: ({ drainMs }) =>
      new Promise((resolve) => {
        closing = true;
        const cut = clock.setTimer(drainMs, () => {
          sessions.destroyAll();
          server.closeAllConnections();
          for (const socket of upgraded) socket.destroy();
        });
        server.close(() => {
          cut[Symbol.dispose]();
          sweeper?.[Symbol.dispose]();
          resolve();
        });
        sessions.closeAll();
        server.closeIdleConnections();
      }),
    sizes: () => ({ ...queue.sizes(), unsentBytes: unsent.bytes() }),
  };
}
