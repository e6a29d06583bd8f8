/** What clients may hold open, and for how long. */
export interface HttpLimits {
  readonly connectionsMax: number;
  /**
   * Per HTTP/2 connection, watches among them; the rest is refused with REFUSED_STREAM, which
   * clients retry. The default of Go's HTTP/2 servers: Go's clients open another connection for
   * more. A burst of new streams is read in one piece, so this is also how long one connection can
   * keep the others from being read.
   */
  readonly concurrentStreamsMax: number;
  /**
   * The same of another service of the installation, which hands on the requests of many clients.
   */
  readonly serviceStreamsMax: number;
  readonly headerBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  /**
   * Of bodies on their way, over all clients: beyond it those that have been on their way for
   * longest are given up.
   */
  readonly bodyBytesMax: number;
  /** An HTTP/1.1 connection without a request is closed after this. */
  readonly keepAliveMs: number;
  /**
   * Every HTTP/2 session is pinged this often and dropped when there was none
   * until the next time.
   */
  readonly pingMs: number;
  /**
   * Requests of one client that are under way and not answered, or whose body is on its way; more
   * wait. kube-apiserver lets a connection open as many streams.
   */
  readonly requestsPerClientMax: number;
  /**
   * Requests of all clients that are under way and not answered, those whose body has not arrived
   * left out; more wait.
   */
  readonly requestsRunningMax: number;
  /** Requests that wait; more are refused with 429. */
  readonly requestsWaitingMax: number;
  /**
   * While a client has not taken so many bytes of its answers, no further request of it is started.
   */
  readonly unsentBytesPerClient: number;
  /**
   * A client that has not taken so many bytes (of watches, which go on) loses its oldest answer.
   */
  readonly unsentBytesPerClientMax: number;
  /** Bytes that all clients together have not taken: beyond it the oldest answers are given up. */
  readonly unsentBytesMax: number;
  /**
   * A whole answer must be taken within this, and a streamed one must go on: kube-apiserver's time
   * for a request.
   */
  readonly stallTimeoutMs: number;
}

const megabyte = 1024 * 1024;

export const defaultHttpLimits: HttpLimits = {
  connectionsMax: 20_000,
  concurrentStreamsMax: 250,
  serviceStreamsMax: 1000,
  headerBytesMax: 64 * 1024,
  handshakeTimeoutMs: 10_000,
  headerTimeoutMs: 30_000,
  bodyTimeoutMs: 60_000,
  bodyBytesMax: 128 * megabyte,
  keepAliveMs: 90_000,
  pingMs: 30_000,
  requestsPerClientMax: 100,
  requestsRunningMax: 1200,
  requestsWaitingMax: 20_000,
  unsentBytesPerClient: 4 * megabyte,
  unsentBytesPerClientMax: 32 * megabyte,
  unsentBytesMax: 128 * megabyte,
  stallTimeoutMs: 60_000,
};

/** One look at everything that has a time, this often. */
export function sweepMsOf(limits: HttpLimits): number {
  return Math.min(5000, limits.bodyTimeoutMs, limits.pingMs, limits.stallTimeoutMs);
}
