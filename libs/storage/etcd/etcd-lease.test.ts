import { describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';
import type { EtcdClient } from './etcd-client.ts';
import { grantEtcdLease } from './etcd-lease.ts';

/** An etcd whose answers to keepalives come when the test says so. */
function createSlowEtcd() {
  const answers: ((left: bigint) => void)[] = [];
  const refusals: (() => void)[] = [];
  const lease = {
    leaseGrant: () => Promise.resolve({ ID: 1n, TTL: 6n }),
    leaseRevoke: () => Promise.resolve({}),
    leaseKeepAlive({ signal }: { readonly signal: AbortSignal }) {
      const { promise, resolve, reject } = Promise.withResolvers<{ readonly TTL: bigint }>();
      signal.addEventListener('abort', () => reject(new Error('cut')), { once: true });
      return {
        write() {
          answers.push((TTL) => resolve({ TTL }));
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
  const client = { lease, authenticated: <T>(call: () => Promise<T>) => call() } as unknown as EtcdClient;
  return { client, answers, refusals };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a lease', () => {
  it('surely holds for what etcd grants from when the last good keepalive was sent, not from when it was answered', async () => {
    const clock = createManualClock();
    const { client, answers } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, 6);
    clock.advance(2_000);
    await turns();
    expect(answers).toHaveLength(1);
    // It was sent after two seconds, and is answered after five: it holds until eight, less what clocks may differ by.
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
    const lease = await grantEtcdLease(client, clock, 6);
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

  it('that nobody answers ends by itself, and says so', async () => {
    const clock = createManualClock();
    const { client } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, 6);
    let lost = false;
    void lease.lost.then(() => {
      lost = true;
    });
    clock.advance(5_700);
    await turns();
    expect([lease.holds(), lost]).toEqual([true, false]);
    clock.advance(200);
    await turns();
    expect([lease.holds(), lost]).toEqual([false, true]);
  });

  it('that etcd no longer knows is lost at once', async () => {
    const clock = createManualClock();
    const { client, answers } = createSlowEtcd();
    const lease = await grantEtcdLease(client, clock, 6);
    clock.advance(2_000);
    await turns();
    answers[0]?.(0n);
    await lease.lost;
  });
});
