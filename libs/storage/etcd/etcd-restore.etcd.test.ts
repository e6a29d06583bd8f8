/**
 * etcd is restored from a backup: what came after the backup is gone, for every process that has a
 * copy of it as well.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import { createEtcdClient, etcdCommit } from '@kcp-ts/etcd';
import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { committed, historyOf, keyOf, put, textOf } from '../contract/store-case.ts';
import type { EtcdReplica, EtcdReplicaOptions } from './etcd-store.ts';
import { openEtcdReplica } from './etcd-store.ts';

const clock = createSystemClock();
const random = createSystemRandom();
const missing = missingProgram('etcd');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const all = { prefix: '' };

describe.skipIf(missing !== undefined)('when etcd was restored from a backup', () => {
  let folder: string;
  let etcd: TestEtcd;
  let states: string[];
  beforeEach(async () => {
    states = [];
    [folder, etcd] = await Promise.all([mkdtemp(join(tmpdir(), 'etcd-restore-')), startEtcd()]);
  });
  afterEach(async () => {
    await etcd[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function open(name: string, more: Partial<EtcdReplicaOptions> = {}): Promise<EtcdReplica> {
    return openEtcdReplica({
      etcd: { endpoints: [etcd.endpoint] },
      prefix: '/kcp/shard',
      path: join(folder, name),
      owner: name,
      clock,
      random,
      leaseSeconds: 5,
      onState: (state) => void states.push(state),
      ...more,
    });
  }

  /**
   * `before` is in the backup, `after` is acknowledged and not in it. Resolves to the newest
   * revision that anybody has seen.
   */
  async function writeAround(replica: EtcdReplica): Promise<number> {
    await using owned = await replica.own();
    await committed(owned.store, put(keyOf('before'), '1'));
    await etcd.backUp();
    await until(owned.holds);
    await committed(owned.store, put(keyOf('before'), '2'));
    return (await committed(owned.store, put(keyOf('after'), '1'))).revision;
  }

  async function expectTheBackup(replica: EtcdReplica, seen: number): Promise<void> {
    await using owned = await replica.own();
    const { store } = owned;
    expect([textOf(store.get(keyOf('before'))), store.get(keyOf('after'))]).toEqual(['1', undefined]);
    // A client that has seen what is gone cannot go on from there: it would never get an event that
    // says so.
    expect(store.floor()).toBeGreaterThan(seen);
    await expect(historyOf(store, all, seen as never)).rejects.toMatchObject({ reason: 'Expired' });
    const { revision } = await committed(store, put(keyOf('new'), '1'));
    expect(revision).toBeGreaterThan(store.floor());
    expect((await historyOf(store, all, store.floor())).map(({ key }) => key)).toEqual([keyOf('new')]);
  }

  it('an owner that was stopped meanwhile serves what etcd has', async () => {
    const first = await open('first');
    const seen = await writeAround(first);
    await first[Symbol.asyncDispose]();
    await etcd.restoreBackup();
    await using again = await open('first');
    await expectTheBackup(again, seen);
    expect(states).toContain('restored');
  }, 60_000);

  it('and is further than before by now, an owner that was stopped meanwhile serves what etcd has', async () => {
    const first = await open('first');
    const seen = await writeAround(first);
    await first[Symbol.asyncDispose]();
    await etcd.restoreBackup();
    using client = createEtcdClient({ endpoints: [etcd.endpoint] });
    for (let others = 0; others < 200; others++)
      await etcdCommit(client, [], [{ put: '/kcp/another-shard/data/a', value: Buffer.from('1') }]);
    await using again = await open('first');
    await expectTheBackup(again, seen);
    expect(states).toContain('restored');
  }, 60_000);

  it('as another cluster, an owner that was stopped meanwhile, and one that has no mirror yet, begin a new history', async () => {
    const first = await open('first');
    await using owned = await first.own();
    await committed(owned.store, put(keyOf('a'), '1'));
    await first[Symbol.asyncDispose]();
    for (const name of ['first', 'second']) {
      await etcd.moveToAnotherCluster();
      const seen = owned.store.currentRevision();
      await using again = await open(name);
      await using taken = await again.own();
      expect(textOf(taken.store.get(keyOf('a')))).toBe('1');
      expect(taken.store.floor()).toBeGreaterThan(seen);
    }
  }, 60_000);

  it('under a running owner, it gives the shard up and serves what etcd has', async () => {
    await using replica = await open('first');
    const owned = await replica.own();
    await committed(owned.store, put(keyOf('before'), '1'));
    await etcd.backUp();
    await until(owned.holds);
    await committed(owned.store, put(keyOf('before'), '2'));
    const { revision } = await committed(owned.store, put(keyOf('after'), '1'));
    await etcd.restoreBackup();
    await owned.lost;
    await expectTheBackup(replica, revision);
    expect(states).toContain('restored');
  }, 60_000);

  it('a standby that was running reads everything again', async () => {
    await using standby = await open('standby', { onState: (state) => void states.push(`standby: ${state}`) });
    const first = await open('first');
    const owned = await first.own();
    const waiting = standby.own();
    await committed(owned.store, put(keyOf('before'), '1'));
    await etcd.backUp();
    await until(owned.holds);
    const { revision } = await committed(owned.store, put(keyOf('before'), '2'));
    const committedMs = clock.monotonic();
    const completeMs = () => {
      const role = standby.role();
      return role.role === 'standby' ? clock.monotonic() - role.lagMs : Number.NEGATIVE_INFINITY;
    };
    await until(() => completeMs() > committedMs);
    await etcd.restoreBackup();
    await until(() => states.includes('standby: restored'));
    await first[Symbol.asyncDispose]();
    const taken = await waiting;
    expect(textOf(taken.store.get(keyOf('before')))).toBe('1');
    expect(taken.store.floor()).toBeGreaterThan(revision);
  }, 60_000);
});

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve));
}
