import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, createSystemRandom, freePorts } from '@kcp-ts/base';
import { createEtcdClient, etcdCommit, etcdMoment, watchEtcd } from '@kcp-ts/etcd';
import type { TestEtcdCluster } from '@kcp-ts/testing';
import { missingProgram, startEtcdCluster } from '@kcp-ts/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { committed, keyOf, put, textOf } from '../contract/store-case.ts';
import { openEtcdReplica } from './etcd-store.ts';

const clock = createSystemClock();
const random = createSystemRandom();
const missing = missingProgram('etcd');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('with three members of etcd, of which one is cut off from the others,', () => {
  let etcd: TestEtcdCluster;
  let prefixes = 0;
  beforeAll(async () => {
    etcd = await startEtcdCluster();
  }, 60_000);
  afterEach(() => etcd.heal());
  afterAll(() => etcd[Symbol.asyncDispose]());

  const endpoint = (member: number) => etcd.endpoints[member % 3] ?? '';
  /** All members, this one first. */
  const from = (member: number) => [0, 1, 2].map((more) => endpoint(member + more));

  /** Watches a prefix: what was received, and as of when all that there was had been received. */
  async function follow(endpoints: readonly string[], prefix: string) {
    const client = createEtcdClient({ endpoints });
    const stop = new AbortController();
    const received: string[] = [];
    let completeMs = Number.NEGATIVE_INFINITY;
    let broken = 0;
    const { revision } = await etcdMoment(client, prefix, {});
    const following = watchEtcd(
      client,
      prefix,
      revision,
      {
        changes: (changes) => void received.push(...changes.map(({ key }) => key.slice(prefix.length))),
        progress: (askedMs) => {
          completeMs = Math.max(completeMs, askedMs);
        },
        connected: () => true,
        compacted: () => undefined,
        broken: () => void broken++,
      },
      { clock, signal: stop.signal, askMs: 100 },
    );
    const until = async (is: () => boolean) => {
      while (!is()) await new Promise((resolve) => setImmediate(resolve));
    };
    await until(() => completeMs > 0);
    return {
      received,
      completeMs: () => completeMs,
      broken: () => broken,
      until,
      async [Symbol.asyncDispose]() {
        stop.abort();
        await following;
        client[Symbol.dispose]();
      },
    };
  }

  it('a member that is not there is passed over by the call that finds it out, whatever the call does', async () => {
    const [port = 0] = await freePorts(1);
    using client = createEtcdClient({ endpoints: [`http://127.0.0.1:${port}`, ...etcd.endpoints] });
    const key = `/passed-over-${++prefixes}`;
    expect(await etcdCommit(client, [{ key, version: 0n }], [{ put: key, value: Buffer.from('1') }])).toMatchObject({
      succeeded: true,
    });
  });

  it('a watch at that one sends nothing that the member has not received, and sends it when the member is back', async () => {
    const leader = await etcd.leader();
    const prefix = `/watch-${++prefixes}/`;
    await using watch = await follow([endpoint(leader + 1)], prefix);
    await etcd.isolate((leader + 1) % 3);
    using others = createEtcdClient({ endpoints: [endpoint(leader)] });
    await etcdCommit(others, [], [{ put: `${prefix}new`, value: Buffer.from('1') }]);
    const committedMs = clock.monotonic();
    // It says that it has no leader, and so it does whenever it is asked.
    await watch.until(() => watch.broken() >= 3);
    expect(watch.received).toEqual([]);
    expect(watch.completeMs()).toBeLessThan(committedMs);
    await etcd.heal();
    await watch.until(() => watch.received.length > 0);
    expect(watch.received).toEqual(['new']);
  }, 60_000);

  it('a watch that knows the others goes to them', async () => {
    const leader = await etcd.leader();
    const cut = (leader + 1) % 3;
    const prefix = `/watch-${++prefixes}/`;
    await using watch = await follow(from(cut), prefix);
    await etcd.isolate(cut);
    using others = createEtcdClient({ endpoints: [endpoint(leader)] });
    await etcdCommit(others, [], [{ put: `${prefix}new`, value: Buffer.from('1') }]);
    const committedMs = clock.monotonic();
    await watch.until(() => watch.completeMs() > committedMs);
    expect(watch.received).toEqual(['new']);
  }, 60_000);

  it.each(['a follower', 'the leader'])(
    '%s, an owner that spoke to it goes on with the others, and stays the owner',
    async (which) => {
      const leader = await etcd.leader();
      const cut = which === 'the leader' ? leader : (leader + 1) % 3;
      const folder = await mkdtemp(join(tmpdir(), 'etcd-members-'));
      try {
        await using replica = await openEtcdReplica({
          etcd: { endpoints: from(cut) },
          prefix: `/kcp/members-${++prefixes}`,
          path: join(folder, 'mirror'),
          owner: 'one',
          clock,
          random,
          leaseSeconds: 5,
        });
        const { store, holds } = await replica.own();
        await committed(store, put(keyOf('a'), '1'));
        await etcd.isolate(cut);
        await committed(store, put(keyOf('a'), '2'));
        await committed(store, put(keyOf('a'), '3'));
        expect([textOf(store.get(keyOf('a'))), holds()]).toEqual(['3', true]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  it('and does not answer at all, an owner goes on with the others, too', async () => {
    const leader = await etcd.leader();
    const folder = await mkdtemp(join(tmpdir(), 'etcd-members-'));
    try {
      await using replica = await openEtcdReplica({
        etcd: { endpoints: from(leader) },
        prefix: `/kcp/members-${++prefixes}`,
        path: join(folder, 'mirror'),
        owner: 'one',
        clock,
        random,
        leaseSeconds: 6,
      });
      const { store, holds } = await replica.own();
      etcd.pause(leader);
      await committed(store, put(keyOf('a'), '1'));
      expect(holds()).toBe(true);
    } finally {
      etcd.resume(leader);
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
