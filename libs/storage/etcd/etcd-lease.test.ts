import type { EtcdClient, EtcdLease } from '@kcp-ts/etcd';
import { grantEtcdLease } from '@kcp-ts/etcd';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';

/**
 * An etcd whose answers to keepalives come when the test says so, and what a majority says of it.
 */
function createSlowEtcd() {
  const header = { clusterId: 7n, revision: 10n, raftTerm: 2n };
  const answers: ((left: bigint) => void)[] = [];
  const refusals: (() => void)[] = [];
  const lease = {
    leaseGrant: () => Promise.resolve({ ID: 1n, TTL: 6n, header: { ...header } }),
    leaseRevoke: () => Promise.resolve({}),
    leaseKeepAlive({ signal }: { readonly signal: AbortSignal }) {
      const { promise, resolve, reject } = Promise.withResolvers<{ readonly TTL: bigint; readonly header: object }>();
      signal.addEventListener('abort', () => reject(new Error('cut')), { once: true });
      return {
        write() {
          answers.push((TTL) => resolve({ TTL, header: { ...header } }));
          refusals.push(() => reject(new Error('connection refused')));
          return Promise.resolve();
        },
        cancel: () => undefined,
        async *[Symbol.asyncIterator]() {
          yield await promise;
        },
      };
    },
  };
  const kv = { range: () => Promise.resolve({ header: { ...header } }) };
  const client = {
    lease,
    kv,
    member: () => 0,
    leave: () => undefined,
    authenticated: <T>(call: () => Promise<T>) => call(),
  } as unknown as EtcdClient;
  return { client, answers, refusals, header };
}

const deps = { ttlSeconds: 6, key: '/kcp/commit' };

function watchLost(lease: EtcdLease): () => boolean {
  let lost = false;
  void lease.lost.then(() => {
    lost = true;
  });
  return () => lost;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a lease', () => {
  it('surely holds for what etcd grants from when the last good keepalive was sent, not from when it was answered', async () => {
    const clock = createManualClock();
    const { client, answers } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    clock.advance(2_000);
    await turns();
    expect(answers).toHaveLength(1);
    // It was sent after two seconds, and is answered after five: it holds until eight, less what
    // clocks may differ by.
    clock.advance(3_000);
    answers[0]?.(6n);
    await turns();
    expect(lease.holds()).toBe(true);
    clock.advance(2_700);
    expect(lease.holds()).toBe(true);
    clock.advance(200);
    expect(lease.holds()).toBe(false);
  });

  it('is asked for again soon where etcd cannot be reached, and outlives an etcd that is back', async () => {
    const clock = createManualClock();
    const { client, answers, refusals } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    clock.advance(2_000);
    await turns();
    for (let attempt = 0; attempt < 15; attempt++) {
      for (const refuse of refusals.splice(0)) refuse();
      await turns();
      clock.advance(200);
      await turns();
    }
    // Five seconds after it was granted.
    answers.at(-1)?.(6n);
    await turns();
    clock.advance(3_000);
    expect(lease.holds()).toBe(true);
  });

  it('that nobody answers ends by itself, and is lost when as much time again has passed', async () => {
    const clock = createManualClock();
    const { client } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    const lost = watchLost(lease);
    clock.advance(5_700);
    await turns();
    expect([lease.holds(), lost()]).toEqual([true, false]);
    clock.advance(200);
    await turns();
    expect([lease.holds(), lost()]).toEqual([false, false]);
    for (let spentMs = 5_900; spentMs < 14_000; spentMs += 100) {
      clock.advance(100);
      await turns();
    }
    expect([lease.holds(), lost()]).toEqual([false, true]);
  });

  it('that etcd still has when it is back is held again: nobody else can have had what it stands for', async () => {
    const clock = createManualClock();
    const { client, answers, refusals } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    const lost = watchLost(lease);
    for (let spentMs = 0; spentMs < 8_000; spentMs += 100) {
      for (const refuse of refusals.splice(0)) refuse();
      clock.advance(100);
      await turns();
    }
    expect([lease.holds(), lost()]).toEqual([false, false]);
    answers.at(-1)?.(6n);
    await turns();
    expect([lease.holds(), lost()]).toEqual([true, false]);
  });

  it('is not kept by a leader that may have been deposed when it answered', async () => {
    const clock = createManualClock();
    const { client, answers, header } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    clock.advance(2_000);
    await turns();
    answers[0]?.(6n);
    // A majority knows of another election.
    header.raftTerm = 3n;
    await turns();
    clock.advance(3_900);
    expect(lease.holds()).toBe(false);
  });

  it('is lost at once where etcd has been restored from a backup', async () => {
    for (const restored of [{ clusterId: 8n }, { revision: 9n }, { revision: 11n }]) {
      const clock = createManualClock();
      const { client, answers, header } = createSlowEtcd();
      const lease = await grantEtcdLease(client, clock, { ...deps, seen: () => 12n });
      clock.advance(2_000);
      await turns();
      Object.assign(header, restored);
      answers[0]?.(6n);
      await lease.lost;
      expect(lease.holds()).toBe(false);
    }
  });

  it('that etcd no longer knows is lost at once', async () => {
    const clock = createManualClock();
    const { client, answers } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, deps);
    clock.advance(2_000);
    await turns();
    answers[0]?.(0n);
    await lease.lost;
  });
});
