/**
 * One TLS port for two protocols. The server is Node's https server, which serves HTTP/1.1; sockets
 * on which ALPN chose h2 are taken from it before it sees them.
 */
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HttpLimits } from './limits.ts';
import { sweepMsOf } from './limits.ts';
import { createPace } from './pace.ts';
import { isWebSocketUpgrade } from './web-socket.ts';

/** PEM texts. */
export interface ServerTls {
  readonly certificate: string;
  readonly privateKey: string;
  /**
   * Client certificates are asked for, and those signed by it are authorized. Without it none is
   * asked for.
   */
  readonly clientCa?: string | undefined;
}

/**
 * SSL_OP_NO_TICKET: a resumed session would keep the verdict on its client certificate past a
 * change of the CA.
 */
const noTickets = 0x4000;

export function tlsOptions(tls: ServerTls) {
  return {
    cert: tls.certificate,
    key: tls.privateKey,
    minVersion: 'TLSv1.2' as const,
    secureOptions: noTickets,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
  };
}

/**
 * A client certificate that does not verify never ends a connection: its bearer may have a token.
 */
export function createTlsServer(tls: ServerTls, limits: HttpLimits): Server {
  const server = createServer({
    ...tlsOptions(tls),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeTimeoutMs,
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: Math.max(limits.bodyTimeoutMs, limits.headerTimeoutMs),
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: sweepMsOf(limits),
    keepAlive: true,
    keepAliveInitialDelay: limits.pingMs,
    noDelay: true,
    shouldUpgradeCallback: isWebSocketUpgrade,
  });
  server.maxConnections = limits.connectionsMax;
  server.on('tlsClientError', () => {});
  return server;
}

/**
 * Handshakes begun in one turn of the event loop: each costs the server a signature, a millisecond
 * or so.
 */
const handshakesPerTurn = 4;

/**
 * A thousand connections that arrive at once begin their handshakes one after the other, with
 * whatever else there is to do in between.
 */
export function paceHandshakes(server: Server, nextTurn: (run: () => void) => void): void {
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  const pace = createPace({ perTurn: handshakesPerTurn, hasRoom: () => true, nextTurn });
  server.on('connection', (socket: Socket) => {
    const begun = pace(() => {
      if (!socket.destroyed) for (const listener of begin) listener.call(server, socket);
    });
    // Until the server listens for it.
    if (!begun) socket.once('error', () => undefined);
  });
}

/** Shows every new connection to `take`; those that it does not take are served as HTTP/1.1. */
export function interceptConnections(server: Server, take: (socket: TLSSocket) => boolean): void {
  const http1Listeners = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (take(socket)) return;
    for (const listener of http1Listeners) listener.call(server, socket);
  });
}
