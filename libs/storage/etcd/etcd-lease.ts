/** A lease of etcd that is kept alive, and knows until when it surely is: counted on the monotonic clock from when the last good keepalive was sent. */
import type { Clock } from '@kcp-ts/base';
import type { EtcdClient } from './etcd-client.ts';

export interface EtcdLease {
  readonly id: bigint;
  /** Whether it surely holds at this moment. */
  holds(): boolean;
  /** Resolves when it has been lost: by now somebody else may have what it stood for. */
  readonly lost: Promise<void>;
  /** Ends it at once; what it held is deleted. */
  release(): Promise<void>;
}

const keepalivesPerLife = 3;
/** Taken off what etcd grants, for clocks that run at different speeds. */
const marginMs = 200;
/** An etcd that does not answer is asked again soon: it may be back long before the lease ends. */
const retryMs = 200;

export async function grantEtcdLease(client: EtcdClient, clock: Clock, ttlSeconds: number): Promise<EtcdLease> {
  const grantedMs = clock.monotonic();
  const { ID: id, TTL } = await client.authenticated(() => client.lease.leaseGrant({ TTL: BigInt(ttlSeconds) }));
  const lifeMs = Number(TTL) * 1000 - marginMs;
  let untilMs = grantedMs + lifeMs;
  const over = new AbortController();
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  let timer: Disposable | undefined;

  /** One keepalive on a stream of its own: a stream that hangs never holds up the next. */
  async function keepAlive(): Promise<'kept' | 'gone' | 'unanswered'> {
    const sentMs = clock.monotonic();
    const call = new AbortController();
    const cut = clock.setTimer(Math.max(1, untilMs - sentMs), () => call.abort());
    const stream = client.lease.leaseKeepAlive({ signal: call.signal });
    try {
      await stream.write({ ID: id });
      for await (const { TTL: left } of stream) {
        if (left <= 0n) return 'gone';
        untilMs = Math.max(untilMs, sentMs + Number(left) * 1000 - marginMs);
        return 'kept';
      }
    } catch {
      // Whether it still holds, the clock says.
    } finally {
      cut[Symbol.dispose]();
      stream.cancel();
    }
    return 'unanswered';
  }

  async function round(): Promise<void> {
    const said = await client.authenticated(keepAlive).catch(() => 'unanswered' as const);
    if (over.signal.aborted) return;
    if (said === 'gone' || clock.monotonic() >= untilMs) return lose();
    timer = clock.setTimer(said === 'kept' ? lifeMs / keepalivesPerLife : retryMs, () => void round());
  }
  timer = clock.setTimer(lifeMs / keepalivesPerLife, () => void round());

  return {
    id,
    holds: () => !over.signal.aborted && clock.monotonic() < untilMs,
    lost,
    async release() {
      over.abort();
      timer?.[Symbol.dispose]();
      await client.authenticated(() => client.lease.leaseRevoke({ ID: id })).catch(() => undefined);
    },
  };
}
