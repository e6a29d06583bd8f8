import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { EtcdClient } from '@kcp-ts/etcd';
import { createEtcdClient, etcdCommit, etcdGet, etcdList } from '@kcp-ts/etcd';
import type { TestEtcd } from '@kcp-ts/testing';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';
import { committed, keyOf, put } from '../contract/store-case.ts';
import { announceMirror, compactRegularly, createCompactor, mirrorsPrefix } from './etcd-compaction.ts';
import { openEtcdReplica } from './etcd-store.ts';

const missing = missingProgram('etcd');
const clock = createSystemClock();

if (missing === undefined)
  describe('compaction of etcd', () => {
    let etcd: TestEtcd;
    let client: EtcdClient;
    let tests = 0;
    beforeAll(async () => {
      etcd = await startEtcd();
      client = createEtcdClient({ endpoints: [etcd.endpoint] });
    });
    afterAll(async () => {
      client[Symbol.dispose]();
      await etcd[Symbol.asyncDispose]();
    });
    const newKeys = () => {
      tests += 1;
      return { election: `turns-${tests}`, mirrors: `mirrors-${tests}/` };
    };
    const write = async () => (await etcdCommit(client, [], [{ put: 'a', value: Buffer.from('x') }])).revision;
    const isThere = (revision: bigint) =>
      etcdGet(client, 'a', revision).then(
        () => true,
        () => false,
      );

    it('is done by one of many in an interval, up to what was current an interval ago', async () => {
      const keys = newKeys();
      const first = createCompactor(client, keys);
      const second = createCompactor(client, keys);
      const interval = async () => {
        const took = await first.turn();
        return [took, await second.turn()];
      };
      const old = await write();
      expect(await interval()).toEqual([undefined, undefined]);
      const then = await write();
      const done = (await interval()).filter((revision) => revision !== undefined);
      expect(done).toHaveLength(1);
      expect(done[0]).toBeGreaterThanOrEqual(old);
      expect(done[0]).toBeLessThan(then);
      expect([await isThere(old), await isThere(then)]).toEqual([false, true]);
      const later = (await interval()).filter((revision) => revision !== undefined);
      expect(later).toHaveLength(1);
    });

    it('never goes past a mirror that is alive, for half an hour', async () => {
      const keys = newKeys();
      const compactor = createCompactor(client, keys);
      const at = await write();
      let fast = at;
      await using slow = announceMirror(client, { name: 'slow', revision: () => at, clock, prefix: keys.mirrors });
      await slow.announced;
      const following = announceMirror(client, { name: 'fast', revision: () => fast, clock, prefix: keys.mirrors });
      await following.announced;
      expect(await compactor.turn()).toBeUndefined();
      const next = await write();
      fast = next;
      expect(await compactor.turn()).toBe(at);
      for (let intervals = 2; intervals < 6; intervals++) {
        await write();
        // It stands where it stood: there is nothing more to forget.
        expect(await compactor.turn(), `after ${intervals} intervals`).toBeUndefined();
        expect(await isThere(next)).toBe(true);
      }
      // From here on it is not waited for: what it needs it has to read again.
      await write();
      expect(await compactor.turn()).toBeGreaterThan(at);
      await following[Symbol.asyncDispose]();
    });

    it('waits for no mirror that is gone, nor for one that reads everything again', async () => {
      const keys = newKeys();
      const compactor = createCompactor(client, keys);
      const at = await write();
      const gone = announceMirror(client, { name: 'gone', revision: () => at, clock, prefix: keys.mirrors });
      await using renewed = announceMirror(client, {
        name: 'renewed',
        revision: () => 0n,
        clock,
        prefix: keys.mirrors,
      });
      await Promise.all([gone.announced, renewed.announced]);
      await gone[Symbol.asyncDispose]();
      await write();
      await compactor.turn();
      await write();
      expect(await compactor.turn()).toBeGreaterThan(at);
    });

    it('comes every five minutes while a shard is owned', async () => {
      const manual = createManualClock();
      const turns = async () => (await etcdGet(client, '/kcp/compaction')).entry?.version ?? 0n;
      using _ = compactRegularly(client, { clock: manual });
      manual.advance(299_000);
      // What was begun by then would be done by the time that etcd has answered some questions.
      for (let asked = 0; asked < 5; asked++) expect(await turns()).toBe(0n);
      manual.advance(1_000);
      while ((await turns()) !== 1n);
    });

    it('knows how far each replica of a shard has come, owner or standby', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'etcd-compaction-'));
      const random = createSystemRandom();
      const open = (name: string) =>
        openEtcdReplica({
          etcd: { endpoints: [etcd.endpoint] },
          prefix: '/kcp/announcing',
          path: join(folder, name),
          owner: name,
          clock,
          random,
        });
      try {
        await using one = await open('one');
        const { store } = await one.own();
        await committed(store, put(keyOf('a'), '1'));
        await using two = await open('two');
        void two.own().catch(() => undefined);
        const named = async () => {
          const names: string[] = [];
          for await (const { entries } of etcdList(client, mirrorsPrefix))
            for (const { key, value } of entries) {
              expect(BigInt(Buffer.from(value).toString())).toBeGreaterThan(0n);
              names.push(key.split('/').at(-1) ?? '');
            }
          return names;
        };
        while ((await named()).length < 2);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
else it.skip(`compaction of etcd: ${missing}`, () => undefined);
