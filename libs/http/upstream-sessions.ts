/**
 * HTTP/2 connections to one server: opened on demand, pinged, and never used again
 * after a failure or a GOAWAY.
 */
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Live } from '@kcp-ts/base';
import { liveOf } from '@kcp-ts/base';

/** PEM texts. */
export interface UpstreamTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface UpstreamOptions {
  /** `https://host:port`. */
  readonly url: string;
  /** When it changes, later requests use new connections. */
  readonly tls: UpstreamTls | Live<UpstreamTls>;
  readonly clock: Clock;
  /** How long a connection may take to come up; 2 s when absent. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How often a connection is pinged; it has to answer until the next time; 5
   * s when absent.
   */
  readonly pingMs?: number | undefined;
}

export interface UpstreamSession {
  readonly http: ClientHttp2Session;
  /** What the server lets us open at once. */
  max: number;
  streams: number;
  usable: boolean;
  /** The server has been there: before that nothing that was asked can have reached it. */
  connected: boolean;
  pinged: boolean;
  /** Once connected. */
  socket: Duplex | undefined;
}

export interface UpstreamSessions extends Disposable {
  /** Throws where the connection breaks in this very moment. */
  open(
    head: OutgoingHttpHeaders,
    endStream: boolean,
  ): { readonly stream: ClientHttp2Stream; readonly session: UpstreamSession };
  sizes(): { readonly sessions: number; readonly streams: number };
}

const connectTimeoutDefaultMs = 2_000;
const pingDefaultMs = 5_000;
/**
 * How much of an answer a client that does not read makes us hold, besides what is written to it
 * (`highWaterBytes`). As many answers as a client may have under way (`requestsPerClientMax`) must
 * fit into `unsentBytesPerClientMax`, or a client that asks for much at once loses some.
 */
export const upstreamWindowBytes = 128 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** Before a server has said how many streams it takes. */
const streamsGuess = 100;

function connectTo(url: string, tls: UpstreamTls): UpstreamSession {
  const http = connect(url, {
    ca: tls.ca,
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    maxSessionMemory: 1000,
    settings: { enablePush: false, initialWindowSize: upstreamWindowBytes },
  });
  return { http, max: streamsGuess, streams: 0, usable: true, connected: false, pinged: false, socket: undefined };
}

/** Answers that are under way end where they began; what is asked from now on goes elsewhere. */
function retire(sessions: Iterable<UpstreamSession>): void {
  for (const session of sessions) {
    session.usable = false;
    if (session.streams === 0) session.http.close();
  }
}

export function createUpstreamSessions(options: UpstreamOptions): UpstreamSessions {
  const { url, clock, connectTimeoutMs = connectTimeoutDefaultMs, pingMs = pingDefaultMs } = options;
  const sessions = new Set<UpstreamSession>();
  let sweeper: Disposable | undefined;
  let closed = false;
  const tls = liveOf(options.tls);
  const renewing = tls.onChange(() => retire(sessions));

  function connectNow(): UpstreamSession {
    const session = connectTo(url, tls.current());
    const { http } = session;
    sessions.add(session);
    const slow = clock.setTimer(connectTimeoutMs, () => http.destroy(new Error(`${url} does not take connections`)));
    const over = () => {
      session.usable = false;
      slow[Symbol.dispose]();
      sessions.delete(session);
    };
    http.once('connect', (_http, socket) => {
      session.connected = true;
      session.socket = socket;
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
    sweeper ??= sweepLater();
    return session;
  }

  function sweepLater(): Disposable {
    return clock.setTimer(pingMs, () => {
      for (const session of sessions) {
        const { http } = session;
        if (http.connecting) continue;
        if (http.destroyed) {
          // Node waits for the other end to read the rest, which it may never do.
          session.socket?.destroy();
          sessions.delete(session);
          continue;
        }
        if (session.pinged) {
          http.destroy(new Error(`${url} is silent`));
          session.socket?.destroy();
          continue;
        }
        session.pinged = http.ping(() => {
          session.pinged = false;
        });
      }
      sweeper = closed || sessions.size === 0 ? undefined : sweepLater();
    });
  }

  function usable(): UpstreamSession {
    for (const session of sessions) {
      const { http } = session;
      // What Node knows already its events say a moment later.
      if (session.usable && session.streams < session.max && !http.closed && !http.destroyed) return session;
    }
    return connectNow();
  }

  return {
    open(head, endStream) {
      const session = usable();
      const stream = session.http.request(head, { endStream });
      if (session.streams++ === 0) session.http.ref();
      stream.once('close', () => {
        session.streams--;
        if (session.streams > 0) return;
        if (session.usable) session.http.unref();
        else session.http.close();
      });
      return { stream, session };
    },
    sizes() {
      let streams = 0;
      for (const session of sessions) streams += session.streams;
      return { sessions: sessions.size, streams };
    },
    [Symbol.dispose]() {
      closed = true;
      renewing[Symbol.dispose]();
      sweeper?.[Symbol.dispose]();
      for (const { http } of sessions) http.destroy();
    },
  };
}
