import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { revisionZero } from '@kcp-ts/api';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { EtcdOptions } from '@kcp-ts/etcd';
import type { TestEtcd } from '@kcp-ts/testing';
import { createTestAuthority, missingProgram, startEtcd, startLinkRelay } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { committed, historyOf, keyOf, put, remove, textOf } from '../contract/store-case.ts';
import type { StoreEvent } from '../store.ts';
import { valueBytesMax } from '../store.ts';
import type { EtcdReplica, EtcdReplicaOptions } from './etcd-store.ts';
import { openEtcdReplica } from './etcd-store.ts';

const clock = createSystemClock();
const random = createSystemRandom();
const missing = missingProgram('etcd');
const all = { prefix: '' };

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-faults-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Opening = Pick<EtcdReplicaOptions, 'etcd' | 'prefix' | 'path'> & Partial<EtcdReplicaOptions>;

function open(options: Opening): Promise<EtcdReplica> {
  return openEtcdReplica({ owner: options.path, clock, random, ...options });
}

const shape = ({ type, key, revision, createRevision, previous }: StoreEvent) => [
  ...[type, key, revision, createRevision, previous?.revision],
];

if (missing === undefined) {
  let etcd: TestEtcd;
  let prefixes = 0;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());
  const at = (port: number): EtcdOptions => ({ endpoints: [`http://127.0.0.1:${port}`] });
  const newPrefix = () => `/kcp/faults-${++prefixes}`;

  describe('a mirror', () => {
    it('loses nothing and doubles nothing when its connection is cut again and again while it catches up', () =>
      inFolder(async (folder) => {
        await using link = await startLinkRelay({ targetPort: etcd.port });
        const prefix = newPrefix();
        const first = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'first') });
        const { store } = await first.own();
        const following = Promise.withResolvers<void>();
        await using second = await open({
          etcd: at(link.port),
          prefix,
          path: join(folder, 'second'),
          onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
        });
        const standby = second.own();
        await following.promise;
        await link.set({ kind: 'cut' });
        for (let round = 0; round < 60; round++)
          await committed(
            store,
            put(keyOf(`n${round % 20}`), 'x'.repeat(40_000)),
            remove(keyOf(`n${(round + 7) % 20}`)),
          );
        for (let cuts = 0; cuts < 4; cuts++) {
          const before = link.received();
          await link.set({ kind: 'open' });
          while (link.received() < before + 300_000) await turn();
          await link.set({ kind: 'cut' });
        }
        await link.set({ kind: 'open' });
        const events = await historyOf(store, all, revisionZero);
        await first[Symbol.asyncDispose]();
        const { store: taken } = await standby;
        expect((await historyOf(taken, all, revisionZero)).map(shape)).toEqual(events.map(shape));
      }));

    it('takes what is larger than a fragment whole', () =>
      inFolder(async (folder) => {
        const prefix = newPrefix();
        const first = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'first') });
        const following = Promise.withResolvers<void>();
        await using second = await open({
          etcd: at(etcd.port),
          prefix,
          path: join(folder, 'second'),
          onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
        });
        const { store } = await first.own();
        const standby = second.own();
        await following.promise;
        const large = ['a', 'b', 'c', 'd'].map((name) => put(keyOf(name), name.repeat(valueBytesMax)));
        await Promise.all(large.map((operation) => committed(store, operation)));
        await committed(store, ...[0, 1, 2].map((part) => put(keyOf(`p${part}`), 'y'.repeat(450_000))));
        const events = await historyOf(store, all, revisionZero);
        await first[Symbol.asyncDispose]();
        const { store: taken } = await standby;
        expect((await historyOf(taken, all, revisionZero)).map(shape)).toEqual(events.map(shape));
        expect(taken.get(keyOf('d'))?.value.length).toBe(valueBytesMax);
      }));

    it('forgets what is too old while it stands by', () =>
      inFolder(async (folder) => {
        const prefix = newPrefix();
        const first = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'first') });
        const following = Promise.withResolvers<void>();
        await using second = await open({
          etcd: at(etcd.port),
          prefix,
          path: join(folder, 'second'),
          historyMaxBytes: 20_000,
          onState: (state) => (state === 'mirroring' ? following.resolve() : undefined),
        });
        const { store } = await first.own();
        const standby = second.own();
        await following.promise;
        for (let round = 0; round < 50; round++) await committed(store, put(keyOf('a'), 'x'.repeat(10_000)));
        await first[Symbol.asyncDispose]();
        const { store: taken } = await standby;
        expect(taken.floor()).toBeGreaterThan(0);
        await expect(historyOf(taken, all, revisionZero)).rejects.toMatchObject({ reason: 'Expired' });
        expect(taken.get(keyOf('a'))?.value.length).toBe(10_000);
      }));

    it('read again has its floor at the last commit, also where that was a deletion', () =>
      inFolder(async (folder) => {
        const prefix = newPrefix();
        const first = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'first') });
        const { store } = await first.own();
        await committed(store, put(keyOf('a'), '1'), put(keyOf('b'), '1'));
        const { revision } = await committed(store, remove(keyOf('b')));
        await first[Symbol.asyncDispose]();
        await using second = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'second') });
        const { store: taken } = await second.own();
        expect(taken.floor()).toBe(revision);
        expect(textOf(taken.get(keyOf('a')))).toBe('1');
      }));
  });

  describe('an owner', () => {
    it('settles a commit whose answer never came, once, and is not lost by it', () =>
      inFolder(async (folder) => {
        await using link = await startLinkRelay({ targetPort: etcd.port });
        const replica = await open({
          etcd: at(link.port),
          prefix: newPrefix(),
          path: join(folder, 'mirror'),
          leaseSeconds: 10,
        });
        await using _ = replica;
        const owned = await replica.own();
        const { store } = owned;
        await committed(store, put(keyOf('a'), '1'));
        for (let round = 0; round < 5; round++) {
          await link.set({ kind: 'silent', from: 'server' });
          const pending = committed(store, put(keyOf(`n${round}`), String(round), 'absent'));
          // The request is on its way; its answer is cut off.
          while (replica.transactions() < store.statistics().flushes + 1) await turn();
          await link.set({ kind: 'cut' });
          await link.set({ kind: 'open' });
          expect((await pending).status).toBe('committed');
        }
        const created = (await historyOf(store, all, revisionZero)).map(({ key }) => key);
        expect(created).toEqual(['a', 'n0', 'n1', 'n2', 'n3', 'n4'].map((name) => keyOf(name)));
        expect(owned.holds()).toBe(true);
      }));

    it('that can no longer reach etcd acknowledges nothing, stops answering, and says that it is lost', () =>
      inFolder(async (folder) => {
        await using link = await startLinkRelay({ targetPort: etcd.port });
        const prefix = newPrefix();
        await using first = await open({
          etcd: at(link.port),
          prefix,
          path: join(folder, 'first'),
          leaseSeconds: 2,
        });
        const owned = await first.own();
        const { store } = owned;
        await committed(store, put(keyOf('a'), '1'));
        await using second = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'second') });
        await link.set({ kind: 'cut' });
        const refused = store.commit([put(keyOf('a'), 'from behind the cut')]);
        const outcome = expect(refused).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
        const startedMs = clock.monotonic();
        const { store: taken } = await second.own();
        expect(clock.monotonic() - startedMs).toBeLessThan(10_000);
        expect(owned.holds()).toBe(false);
        await outcome;
        await expect(owned.lost).resolves.toBeInstanceOf(Error);
        expect(textOf(taken.get(keyOf('a')))).toBe('1');
      }));

    it('shares its etcd with other shards, each under its own prefix', () =>
      inFolder(async (folder) => {
        // One prefix begins with the other.
        const prefix = newPrefix();
        await using one = await open({ etcd: at(etcd.port), prefix, path: join(folder, 'one') });
        await using other = await open({ etcd: at(etcd.port), prefix: `${prefix}0`, path: join(folder, 'other') });
        const [{ store: left }, { store: right }] = await Promise.all([one.own(), other.own()]);
        await Promise.all([committed(left, put(keyOf('a'), 'left')), committed(right, put(keyOf('a'), 'right'))]);
        expect([left, right].map((store) => textOf(store.get(keyOf('a'))))).toEqual(['left', 'right']);
      }));
  });

  describe('etcd over TLS, with users', () => {
    it('is spoken to with a certificate and a password, and with neither not at all', () =>
      inFolder(async (folder) => {
        const authority = await createTestAuthority();
        // Without a name: etcd would take it for a user's.
        const { certificate, privateKey } = await authority.issue('O=shards');
        const files = { caFile: join(folder, 'ca'), certFile: join(folder, 'cert'), keyFile: join(folder, 'key') };
        await Promise.all([
          writeFile(files.caFile, authority.certificate),
          writeFile(files.certFile, certificate),
          writeFile(files.keyFile, privateKey),
        ]);
        await using own = await startEtcd({ tls: files, rootPassword: 'secret' });
        const tls = { ca: authority.certificate, cert: certificate, key: privateKey };
        const options = { prefix: newPrefix(), path: join(folder, 'mirror') };
        const endpoints = [own.endpoint];
        {
          await using replica = await open({
            ...options,
            etcd: { endpoints, tls, username: 'root', password: 'secret' },
          });
          const { store } = await replica.own();
          await committed(store, put(keyOf('a'), '1'));
        }
        const refused = async (etcdOptions: EtcdOptions) => {
          await using replica = await open({ ...options, path: join(folder, 'refused'), etcd: etcdOptions });
          await replica.own(AbortSignal.timeout(500));
        };
        await expect(refused({ endpoints, tls })).rejects.toThrow('given up');
        await expect(refused({ endpoints, tls, username: 'root', password: 'wrong' })).rejects.toThrow('given up');
        await expect(refused({ endpoints, tls: { ca: tls.ca }, username: 'root', password: 'secret' })).rejects.toThrow(
          'given up',
        );
      }));
  });
} else it.skip(`faults of etcd: ${missing}`, () => undefined);
