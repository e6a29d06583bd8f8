/** What clients may hold open, and for how long. */
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

/** One look at everything that has a time, this often. */
export function sweepMsOf(limits: HttpLimits): number {
  return Math.min(5000, limits.bodyTimeoutMs, limits.pingMs);
}
