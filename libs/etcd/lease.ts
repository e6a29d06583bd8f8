/**
 * A lease of etcd that is kept alive, and knows until when it surely is: counted on the monotonic
 * clock from when the last good keepalive was sent.
 *
 * A keepalive is answered by the leader from what it knows alone, and one that was paused or cut
 * off may not know yet that another one was elected, by whose count the lease ends earlier. So it
 * counts only where a majority has confirmed afterwards that there was no election meanwhile; but
 * for a lease by which nobody is fenced, which counts as the member says.
 */
import type { Clock } from '@kcp-ts/base';
import type { EtcdClient } from './client.ts';
import { KeepaliveStream } from './keepalive-stream.ts';
import { etcdMoment, momentOf } from './transaction.ts';

export interface EtcdLease {
  readonly id: bigint;
  /**
   * Whether it surely holds at this moment. Where it does not, it may hold again: etcd is asked
   * whether it still has it.
   */
  holds(): boolean;
  /** How long it surely holds from now on; negative where it does not. */
  remainingMs(): number;
  /** Resolves when it surely holds, or has been lost for good. */
  settled(): Promise<void>;
  /**
   * Resolves when it has been lost for good: etcd no longer has it, or has not answered for another
   * life of it.
   */
  readonly lost: Promise<void>;
  /** Ends it at once; what it held is deleted. */
  release(): Promise<void>;
}

const keepalivesPerLife = 3;
/** Taken off what etcd grants, for clocks that run at different speeds. */
const marginMs = 200;
/** An etcd that does not answer is asked again soon: it may be back long before the lease ends. */
const retryMs = 200;
/** A lease that is not revoked at etcd ends by itself. */
const revokeMs = 2_000;

export interface EtcdLeaseDependencies {
  readonly ttlSeconds: number;
  /**
   * One that this client may read, to ask a majority for. Without it a keepalive counts as the
   * member says: good for what nobody is fenced by.
   */
  readonly key?: string;
  /**
   * The newest revision of etcd that the holder has seen: an etcd that is not so far was restored
   * from a backup.
   */
  seen?(): bigint;
}

export async function grantEtcdLease(
  client: EtcdClient,
  clock: Clock,
  { ttlSeconds, key, seen = () => 0n }: EtcdLeaseDependencies,
): Promise<EtcdLease> {
  const grantedMs = clock.monotonic();
  const {
    ID: id,
    TTL,
    header,
  } = await client.authenticated(() => client.lease.leaseGrant({ TTL: BigInt(ttlSeconds) }));
  const { clusterId, ...granted } = momentOf(header);
  const lifeMs = Number(TTL) * 1000 - marginMs;
  let { revision } = granted;
  let untilMs = grantedMs + lifeMs;
  const over = new AbortController();
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  let timer: Disposable | undefined;
  const stream = new KeepaliveStream(client);
  let waiters: (() => void)[] = [];

  const holds = () => !over.signal.aborted && clock.monotonic() < untilMs;

  function tellSettled(): void {
    const waiting = waiters;
    waiters = [];
    for (const tell of waiting) tell();
  }

  /** Asks a majority whether what a member of this term said still counts. */
  async function confirm(at: string, term: bigint, signal: AbortSignal): Promise<'kept' | 'gone' | 'unanswered'> {
    const newest = seen();
    const now = await etcdMoment(client, at, { signal });
    // Restored from a backup: what it says of the lease is of another time.
    if (now.clusterId !== clusterId || now.revision < revision || now.revision < newest) return 'gone';
    revision = now.revision;
    return now.term === term ? 'kept' : 'unanswered';
  }

  /**
   * One that fails, or does not answer in time, takes its stream with it: a stream that hangs never
   * holds up the next.
   */
  async function keepAlive(): Promise<'kept' | 'gone' | 'unanswered'> {
    const sentMs = clock.monotonic();
    const { member, signal } = stream.open();
    const doubt = clock.setTimer(lifeMs / keepalivesPerLife, () => client.leave(member));
    const cut = clock.setTimer(Math.max(untilMs - sentMs, lifeMs / keepalivesPerLife), () => stream.end());
    try {
      const value = await stream.keepAlive(id);
      if (value !== undefined) {
        if (value.TTL <= 0n) return 'gone';
        const confirmed = key === undefined ? 'kept' : await confirm(key, momentOf(value.header).term, signal);
        if (confirmed !== 'kept') return confirmed;
        untilMs = Math.max(untilMs, sentMs + Number(value.TTL) * 1000 - marginMs);
        return 'kept';
      }
    } catch {
      // Whether it still holds, the clock says.
      client.leave(member);
    } finally {
      doubt[Symbol.dispose]();
      cut[Symbol.dispose]();
    }
    stream.end();
    return 'unanswered';
  }

  async function round(): Promise<void> {
    const said = await client.authenticated(keepAlive).catch(() => 'unanswered' as const);
    if (over.signal.aborted) return;
    if (said === 'gone' || clock.monotonic() >= untilMs + lifeMs) {
      untilMs = Number.NEGATIVE_INFINITY;
      stream.end();
      lose();
      return tellSettled();
    }
    if (holds()) tellSettled();
    timer = clock.setTimer(said === 'kept' ? lifeMs / keepalivesPerLife : retryMs, () => void round());
  }
  timer = clock.setTimer(lifeMs / keepalivesPerLife, () => void round());

  return {
    id,
    holds,
    remainingMs: () => untilMs - clock.monotonic(),
    lost,
    settled: () =>
      holds() || over.signal.aborted ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
    async release() {
      over.abort();
      timer?.[Symbol.dispose]();
      stream.end();
      tellSettled();
      await client
        .authenticated(() => client.lease.leaseRevoke({ ID: id }, { timeoutMs: revokeMs }))
        .catch(() => undefined);
    },
  };
}
