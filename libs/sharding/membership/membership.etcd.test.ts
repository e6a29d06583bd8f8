import type { Revision } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { createEtcdClient } from '@kcp-ts/etcd';
import { revisionAt } from '@kcp-ts/storage';
import { missingProgram, startEtcd, startLinkRelay } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import { openEtcdMembership } from './etcd-membership.ts';
import { createInProcessRegistry } from './in-process-membership.ts';
import type { Membership, MembershipState, ShardAddress } from './membership.ts';

const clock = createSystemClock();

interface Installation extends AsyncDisposable {
  open(): Promise<Membership>;
}

function address(name: string): ShardAddress {
  return {
    name,
    baseUrl: `https://127.0.0.1:1/${name}`,
    rpcAddress: '127.0.0.1:2',
    externalUrl: 'https://kcp.example',
    virtualWorkspaceUrl: 'https://kcp.example',
    labels: { region: 'eu' },
  };
}

function until(membership: Membership, holds: (state: MembershipState) => boolean): Promise<MembershipState> {
  return new Promise((resolve) => {
    const following = membership.follow((state) => {
      if (!holds(state)) return;
      queueMicrotask(() => following[Symbol.dispose]());
      resolve(state);
    });
  });
}

function describeMembership(name: string, install: () => Promise<Installation>): void {
  describe(`the ${name} membership`, () => {
    it('gives every shard a number of its own, and the same one when it comes back', async () => {
      await using installation = await install();
      await using first = await installation.open();
      const a = await first.join(address('a'));
      {
        await using second = await installation.open();
        const b = await second.join(address('b'));
        expect([a.number, b.number]).toEqual([1, 2]);
        expect(b.joinRevision).toBeGreaterThan(revisionAt(clock.now() + 1_000));
        await until(first, ({ shards }) => shards.some((shard) => shard.name === 'b' && shard.alive));
      }
      await until(first, ({ shards }) => shards.some((shard) => shard.name === 'b' && !shard.alive));
      await using third = await installation.open();
      const again = await third.join({ ...address('b'), baseUrl: 'https://127.0.0.1:9' });
      expect(again).toMatchObject({ number: 2, baseUrl: 'https://127.0.0.1:9' });
      await first.leave('b');
      await until(third, ({ shards }) => shards.length === 1);
      expect((await third.join(address('c'))).number).toBe(3);
    });

    it('keeps a shard alive for its successor when the membership of its former owner ends', async () => {
      await using installation = await install();
      await using successor = await installation.open();
      {
        await using former = await installation.open();
        await former.join(address('a'));
        await successor.join({ ...address('a'), rpcAddress: '127.0.0.1:3' });
      }
      await successor.join(address('b'));
      const { shards } = await until(successor, (state) => state.shards.length === 2);
      expect(shards[0]).toMatchObject({ rpcAddress: '127.0.0.1:3', alive: true });
    });

    it('keeps a shard alive when its former owner, before it ends, says so once more', async () => {
      await using installation = await install();
      await using successor = await installation.open();
      await using oracle = await installation.open();
      {
        await using former = await installation.open();
        await former.join(address('a'));
        await successor.join({ ...address('a'), rpcAddress: '127.0.0.1:3' });
        await former.join(address('a'));
      }
      await oracle.join(address('b'));
      await until(oracle, ({ shards }) => shards.length === 2 && shards.every(({ alive }) => alive));
    });

    it('never gives a number again, neither to another shard nor to the one that had it before it left', async () => {
      await using installation = await install();
      await using first = await installation.open();
      await first.join(address('a'));
      const before = await first.join(address('b'));
      await first.leave('b');
      await until(first, ({ shards }) => shards.length === 1);
      const again = await first.join(address('b'));
      expect([before.number, again.number]).toEqual([2, 3]);
      // It counts from two seconds ahead, as any that joins: what it was before is forgotten.
      expect(again.joinRevision).toBeGreaterThan(revisionAt(clock.now() + 1_000));
      await first.leave('a');
      await first.leave('b');
      await until(first, ({ shards }) => shards.length === 0);
      await using second = await installation.open();
      expect((await second.join(address('d'))).number).toBe(4);
    });

    it('excludes a shard at one revision, whichever service says so', async () => {
      await using installation = await install();
      await using first = await installation.open();
      await using second = await installation.open();
      await first.join(address('a'));
      await until(second, ({ shards }) => shards.length === 1);
      const said = await Promise.all([first.exclude('a', 5 as Revision), second.exclude('a', 6 as Revision)]);
      expect(said[0]).toBe(said[1]);
      await until(first, ({ shards }) => shards[0]?.excludedAt === said[0]);
      await second.readmit('a');
      await until(first, ({ shards }) => shards[0]?.excludedAt === undefined);
      const [absence, ...others] = first.current().shards[0]?.absences ?? [];
      expect([absence?.after, others]).toEqual([said[0], []]);
      expect(absence?.upTo).toBeGreaterThan(revisionAt(clock.now() + 1_000));
    });

    it('shows services while they are there', async () => {
      await using installation = await install();
      await using first = await installation.open();
      {
        await using second = await installation.open();
        await second.announce({ kind: 'cache-server', name: 'c1', rpcAddress: '127.0.0.1:3', baseUrl: 'https://x' });
        await until(first, ({ services }) => services.some((service) => service.name === 'c1'));
      }
      await until(first, ({ services }) => services.length === 0);
      expect(first.silentForMs()).toBeLessThan(5_000);
    });
  });
}

describeMembership('in-process', async () => {
  const registry = createInProcessRegistry({ clock });
  return { open: async () => registry.open(), async [Symbol.asyncDispose]() {} };
});

const missing = missingProgram('etcd');
if (missing === undefined) {
  describeMembership('etcd', async () => {
    const etcd = await startEtcd();
    const clients: Disposable[] = [];
    return {
      async open() {
        const client = createEtcdClient({ endpoints: [etcd.endpoint] });
        clients.push(client);
        return openEtcdMembership({ client, prefix: '/kcp/register', clock });
      },
      async [Symbol.asyncDispose]() {
        for (const client of clients) client[Symbol.dispose]();
        await etcd[Symbol.asyncDispose]();
      },
    };
  });

  it('the etcd membership knows for how long etcd has not answered, and that it answers again', async () => {
    await using etcd = await startEtcd();
    await using link = await startLinkRelay({ targetPort: etcd.port });
    using client = createEtcdClient({ endpoints: [`http://127.0.0.1:${link.port}`] });
    await using membership = await openEtcdMembership({ client, prefix: '/kcp/register', clock });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await membership.join(address('a'));
    while (membership.silentForMs() > 500) await turn();
    // Neither end gets an error for the dead connection.
    await link.set({ kind: 'silent', from: 'server' });
    while (membership.silentForMs() < 1_500) await turn();
    // What was known is still said, and how old it is.
    expect(membership.current().shards.map(({ name }) => name)).toEqual(['a']);
    await link.set({ kind: 'open' });
    while (membership.silentForMs() > 500) await turn();
  });
} else it.skip(`the membership in etcd: ${missing}`, () => undefined);
