import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import { createEtcdClient, etcdGet } from '@kcp-ts/etcd';
import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeStore } from '../contract/describe-store.ts';
import { createManualClock } from '../contract/manual-clock.ts';
import { maskValues } from '../contract/mask-values.ts';
import { committed, historyOf, keyOf, put, remove, textOf } from '../contract/store-case.ts';
import type { Store } from '../store.ts';
import type { EtcdReplica, EtcdReplicaOptions } from './etcd-store.ts';
import { openEtcdReplica } from './etcd-store.ts';

const clock = createSystemClock();

/** A clock that the test can stop: keepalives are no longer sent. */
function createStoppableClock() {
  let stoppedAt: number | undefined;
  return {
    clock: {
      ...clock,
      setTimer: (ms: number, run: () => void) =>
        clock.setTimer(ms, () => (stoppedAt === undefined ? run() : undefined)),
      monotonic: () => stoppedAt ?? clock.monotonic(),
    },
    stop() {
      stoppedAt = clock.monotonic();
    },
    goOn() {
      stoppedAt = undefined;
    },
  };
}

const random = createSystemRandom();
const missing = missingProgram('etcd');

/** A store whose end is its replica's. */
async function ownedStore(replica: EtcdReplica): Promise<Store> {
  const { store } = await replica.own();
  return new Proxy(store, {
    get(target, name) {
      if (name === Symbol.asyncDispose) return () => replica[Symbol.asyncDispose]();
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-store-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (missing === undefined) {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  function replicaIn(folder: string, name: string, more: Partial<EtcdReplicaOptions> = {}): Promise<EtcdReplica> {
    return openEtcdReplica({
      etcd: { endpoints: [etcd.endpoint] },
      prefix: `/kcp/${basename(folder)}`,
      path: join(folder, name),
      owner: name,
      clock,
      random,
      leaseSeconds: 2,
      ...more,
    });
  }

  describe.each([
    { engine: 'etcd', transformer: undefined },
    { engine: 'etcd, of which the values lie transformed', transformer: maskValues },
  ])('$engine', ({ engine, transformer }) => {
    describeStore(engine, {
      durable: true,
      open: async ({ folder, ...setup }) =>
        ownedStore(
          await openEtcdReplica({
            ...setup,
            transformer,
            etcd: { endpoints: [etcd.endpoint] },
            prefix: `/kcp/${basename(folder)}`,
            path: join(folder, 'mirror'),
            owner: 'contract',
            random,
            leaseClock: clock,
          }),
        ),
    });
  });

  it('values lie transformed in etcd and in the mirrors, and a standby that takes over reads them', () =>
    inFolder(async (folder) => {
      const following = Promise.withResolvers<void>();
      const first = await replicaIn(folder, 'first', { transformer: maskValues });
      const { store } = await first.own();
      await using second = await replicaIn(folder, 'second', {
        transformer: maskValues,
        onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
      });
      const standby = second.own();
      await following.promise;
      await committed(store, put(keyOf('a'), 'readable-text'), put(keyOf('b'), 'readable-text'));
      await committed(store, remove(keyOf('b')));
      using client = createEtcdClient({ endpoints: [etcd.endpoint] });
      const { entry } = await etcdGet(client, `/kcp/${basename(folder)}/data/${keyOf('a')}`);
      const lying = Buffer.from(entry?.value ?? []);
      expect(lying.includes('masked:')).toBe(true);
      expect(lying.includes('readable-text')).toBe(false);
      await first[Symbol.asyncDispose]();
      const taken = await standby;
      expect(textOf(taken.store.get(keyOf('a')))).toBe('readable-text');
      const history = await historyOf(taken.store, { prefix: '' }, taken.store.floor());
      expect(history.map(({ key, value }) => [key, Buffer.from(value).toString()])).toContainEqual([
        keyOf('b'),
        'readable-text',
      ]);
    }));

  it('a standby that cannot ask for a key for a while misses nothing', () =>
    inFolder(async (folder) => {
      let refusals = 0;
      const refusing = {
        ...maskValues,
        prepare(stored: Iterable<Uint8Array>) {
          if ([...stored].length === 0 || ++refusals > 2) return Promise.resolve();
          return Promise.reject(new Error('the key management service is away'));
        },
      };
      const following = Promise.withResolvers<void>();
      const first = await replicaIn(folder, 'first', { transformer: maskValues });
      const { store } = await first.own();
      await using second = await replicaIn(folder, 'second', {
        transformer: refusing,
        onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
      });
      const standby = second.own();
      await following.promise;
      for (const name of ['a', 'b', 'c']) await committed(store, put(keyOf(name), name));
      await committed(store, remove(keyOf('b')));
      await first[Symbol.asyncDispose]();
      const taken = await standby;
      expect(refusals).toBeGreaterThan(2);
      expect(['a', 'b', 'c'].map((name) => textOf(taken.store.get(keyOf(name))))).toEqual(['a', undefined, 'c']);
    }));

  describe('a standby', () => {
    it('has what the owner had, with the same revisions, deletions among them, when it takes over', () =>
      inFolder(async (folder) => {
        const first = await replicaIn(folder, 'first');
        const { store } = await first.own();
        const following = Promise.withResolvers<void>();
        await using second = await openEtcdReplica({
          etcd: { endpoints: [etcd.endpoint] },
          prefix: `/kcp/${basename(folder)}`,
          path: join(folder, 'second'),
          owner: 'second',
          clock,
          random,
          onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
        });
        const standby = second.own();
        await following.promise;
        await committed(store, put(keyOf('a'), '1'), put(keyOf('b'), '1'));
        await committed(store, put(keyOf('a'), '2'));
        await committed(store, remove(keyOf('b')), put(keyOf('c'), '1'));
        const promised = await store.progress();
        const before = await historyOf(store, { prefix: '' }, 0 as never);
        expect(second.role().role).toBe('standby');
        await first[Symbol.asyncDispose]();
        const { store: taken, holds } = await standby;
        expect(holds()).toBe(true);
        expect(second.role()).toEqual({ role: 'owner' });
        expect(await historyOf(taken, { prefix: '' }, 0 as never)).toEqual(before);
        const { revision } = await committed(taken, put(keyOf('d'), '1'));
        expect(revision).toBeGreaterThan(promised);
      }));

    it('takes over from an owner that hangs, which can then neither commit nor answer', () =>
      inFolder(async (folder) => {
        const own = createStoppableClock();
        await using first = await openEtcdReplica({
          etcd: { endpoints: [etcd.endpoint] },
          prefix: `/kcp/${basename(folder)}`,
          path: join(folder, 'first'),
          owner: 'first',
          clock,
          random,
          leaseClock: own.clock,
          leaseSeconds: 2,
        });
        const owned = await first.own();
        const { store } = owned;
        await committed(store, put(keyOf('a'), '1'));
        await using second = await replicaIn(folder, 'second');
        own.stop();
        const { store: taken } = await second.own();
        await committed(taken, put(keyOf('a'), '2'));
        // It goes on.
        own.goOn();
        expect(owned.holds()).toBe(false);
        await expect(store.commit([put(keyOf('a'), 'from the past')])).rejects.toMatchObject({
          reason: 'ServiceUnavailable',
        });
        await expect(owned.lost).resolves.toBeInstanceOf(Error);
        expect(textOf(taken.get(keyOf('a')))).toBe('2');
      }));
  });

  describe('an owner that has lost the shard', () => {
    it('follows on from its mirror, and owns the shard again with what others have committed', () =>
      inFolder(async (folder) => {
        const own = createStoppableClock();
        const states: string[] = [];
        await using first = await openEtcdReplica({
          etcd: { endpoints: [etcd.endpoint] },
          prefix: `/kcp/${basename(folder)}`,
          path: join(folder, 'first'),
          owner: 'first',
          clock,
          random,
          leaseClock: own.clock,
          leaseSeconds: 2,
          onState: (state) => void states.push(state),
        });
        const former = await first.own();
        await committed(former.store, put(keyOf('a'), '1'), put(keyOf('gone'), '1'));
        own.stop();
        {
          await using second = await replicaIn(folder, 'second');
          await using between = await second.own();
          await committed(between.store, put(keyOf('a'), '2'), remove(keyOf('gone')));
        }
        own.goOn();
        await expect(former.store.commit([put(keyOf('a'), 'late')])).rejects.toMatchObject({
          reason: 'ServiceUnavailable',
        });
        await former.lost;
        states.length = 0;
        const again = await first.own();
        expect([textOf(again.store.get(keyOf('a'))), again.store.get(keyOf('gone'))]).toEqual(['2', undefined]);
        expect(states).toEqual(['mirroring', 'owner']);
        // A caller that still has the store of before reads nothing from it, and is not held for
        // the owner.
        expect(() => former.store.get(keyOf('a'))).toThrow('currently unable');
        expect([former.holds(), again.holds()]).toEqual([false, true]);
        const { revision } = await committed(again.store, put(keyOf('a'), '3'));
        expect((await historyOf(again.store, { prefix: '' }, revisionZero)).at(-1)?.revision).toBe(revision);
      }));
  });

  describe('a successor', () => {
    it('need not have committed anything for its predecessor to be fenced off', () =>
      inFolder(async (folder) => {
        const own = createStoppableClock();
        await using first = await openEtcdReplica({
          etcd: { endpoints: [etcd.endpoint] },
          prefix: `/kcp/${basename(folder)}`,
          path: join(folder, 'first'),
          owner: 'first',
          clock,
          random,
          leaseClock: own.clock,
          leaseSeconds: 2,
        });
        const { store } = await first.own();
        await committed(store, put(keyOf('a'), '1'));
        await using second = await replicaIn(folder, 'second');
        own.stop();
        const { store: taken } = await second.own();
        own.goOn();
        await expect(store.commit([put(keyOf('a'), 'from the past')])).rejects.toMatchObject({
          reason: 'ServiceUnavailable',
        });
        expect(textOf(taken.get(keyOf('a')))).toBe('1');
        await committed(taken, put(keyOf('a'), '2'));
      }));

    it('begins when its own clock has passed what was reserved, and above what was promised', () =>
      inFolder(async (folder) => {
        const own = createStoppableClock();
        const time = createManualClock();
        const behind = createManualClock(time.now() - 300);
        const open = (name: string, time: Clock, leaseClock: Clock) =>
          openEtcdReplica({
            etcd: { endpoints: [etcd.endpoint] },
            prefix: `/kcp/${basename(folder)}`,
            path: join(folder, name),
            owner: name,
            clock: time,
            random,
            leaseClock,
            leaseSeconds: 2,
          });
        await using first = await open('first', time, own.clock);
        const { store } = await first.own();
        await committed(store, put(keyOf('a'), '1'));
        const promised = await store.progress();
        // It hangs: what it has reserved, half a second ahead, is not given back.
        own.stop();
        await using second = await open('second', behind, clock);
        let owns = false;
        const owning = second.own().then((taken) => {
          owns = true;
          return taken;
        });
        while (!behind.isAwaited()) await new Promise((resolve) => setImmediate(resolve));
        behind.advance(700);
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(owns).toBe(false);
        behind.advance(200);
        const { store: taken } = await owning;
        const { revision } = await committed(taken, put(keyOf('a'), '2'));
        expect(revision).toBeGreaterThan(promised);
        // Not far above it either: a crash loop does not drag the clock ahead.
        expect(revision).toBeLessThan(promised + 1_000_000);
        own.goOn();
      }));
  });

  describe('an owner', () => {
    it('goes on from its mirror after a restart, and reads everything again where etcd has forgotten what it needs', () =>
      inFolder(async (folder) => {
        for (const [round, compacted] of [false, true].entries()) {
          const states: string[] = [];
          const open = (name: string) =>
            openEtcdReplica({
              etcd: { endpoints: [etcd.endpoint] },
              prefix: `/kcp/${basename(folder)}-${round}`,
              path: join(folder, `${name}-${round}`),
              owner: name,
              clock,
              random,
              onState: (state) => void states.push(state),
            });
          const behind = await open('behind');
          const { store: early } = await behind.own();
          await committed(early, put(keyOf('a'), '1'), put(keyOf('gone'), '1'));
          await behind[Symbol.asyncDispose]();
          const ahead = await open('ahead');
          const { store } = await ahead.own();
          await committed(store, put(keyOf('a'), '2'), remove(keyOf('gone')));
          const { revision } = await committed(store, put(keyOf('b'), '1'));
          await ahead[Symbol.asyncDispose]();
          if (compacted) await etcd.compact();
          states.length = 0;
          await using again = await open('behind');
          const { store: found } = await again.own();
          expect(states.includes('resynchronising')).toBe(compacted);
          expect([textOf(found.get(keyOf('a'))), found.get(keyOf('gone')), found.get(keyOf('b'))?.revision]).toEqual([
            '2',
            undefined,
            revision,
          ]);
          expect(found.currentRevision()).toBeGreaterThanOrEqual(revision);
        }
      }));

    it(
      'survives a restart of etcd: what was acknowledged is there, once, and it goes on committing',
      () =>
        inFolder(async (folder) => {
          await using own = await startEtcd();
          await using replica = await openEtcdReplica({
            etcd: { endpoints: [own.endpoint] },
            prefix: '/kcp/shard',
            path: join(folder, 'mirror'),
            owner: 'one',
            clock,
            random,
            leaseSeconds: 10,
          });
          const { store } = await replica.own();
          const acknowledged: string[] = [];
          let writing = true;
          const writer = (async () => {
            for (let count = 0; writing; count++) {
              const result = await store
                .commit([put(keyOf(`n${count}`), String(count), 'absent')])
                .catch(() => undefined);
              if (result?.status === 'committed') acknowledged.push(`n${count}`);
            }
          })();
          while (acknowledged.length < 50) await new Promise((resolve) => setImmediate(resolve));
          await own.kill();
          await own.restart();
          const then = acknowledged.length;
          while (acknowledged.length < then + 50) await new Promise((resolve) => setImmediate(resolve));
          writing = false;
          await writer;
          const events = await historyOf(store, { prefix: '' }, 0 as never);
          const created = events.map(({ key }) => key);
          expect(new Set(created).size).toBe(created.length);
          for (const name of acknowledged) expect(created).toContain(keyOf(name));
        }),
      60_000,
    );
  });
} else it.skip(`the store in etcd: ${missing}`, () => undefined);
