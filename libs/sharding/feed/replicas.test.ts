import { create } from '@bufbuild/protobuf';
import { FeedService } from '@kcp-ts/proto';
import { RpcError } from '@kcp-ts/rpc';
import { describe, expect, it } from 'vitest';
import type { Installation, TestShard } from './feed.fixture.ts';
import { createInstallation, exportKey, put, turns, until } from './feed.fixture.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => exportKey(name)) as [string, string, string];

describe('a handler that has lost something of a shard', () => {
  it('is given everything again some seconds later, and what it loses meanwhile once more', async () => {
    await using all = await createInstallation(['alpha', 'beta']);
    await all.feedConsumer.ready();
    const [shard, other] = all.shards as [TestShard, TestShard];
    await put(shard.store, a, 'x');
    await until(() => all.view.get(a) !== undefined);
    const before = shard.asked.snapshot;
    all.feedConsumer.resync('alpha');
    await turns(5);
    expect(shard.asked.snapshot).toBe(before);
    // While it is brought in, the handler loses something again.
    shard.between = () => {
      shard.between = undefined;
      all.feedConsumer.resync('alpha');
      return Promise.resolve();
    };
    for (let second = 0; second < 5; second++) await all.second();
    await until(() => shard.asked.snapshot === before + 1);
    for (let second = 0; second < 5; second++) await all.second();
    await until(() => shard.asked.snapshot === before + 2);
    for (let second = 0; second < 10; second++) await all.second();
    expect([shard.asked.snapshot, other.asked.snapshot]).toEqual([before + 2, 1]);
  });
});

/** What a replica says of the shard, as its `epoch` and `revision`. */
function replica(shard: TestShard, epoch: string, revision: number, asked: { snapshot: number }) {
  return {
    ...shard.calls,
    async *snapshot() {
      asked.snapshot += 1;
      const entries = [{ key: b, revision, createRevision: revision, value: Buffer.from('of the replica') }];
      yield create(FeedService.method.snapshot.output, { epoch, revision, entries });
    },
  };
}

describe('a replica', () => {
  /**
   * The shard goes down, with a message that its feed consumer has missed, and its replicas are
   * asked.
   */
  async function down(all: Installation, shard: TestShard, asked: { readonly snapshot: number }): Promise<void> {
    shard.up = false;
    shard.record = { ...shard.record, alive: false };
    all.membershipChanged();
    all.bus.mode = 'drop';
    await put(shard.store, c, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(shard.store, c, 'received');
    await until(() => asked.snapshot > 0);
    await turns(5);
  }

  it('that knows less than what is known changes nothing', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    const before = shard.store.currentRevision();
    await put(shard.store, a, 'x');
    await until(() => all.view.get(a) !== undefined);
    const asked = { snapshot: 0 };
    all.copies.set('cache:1', replica(shard, 'copy', before, asked));
    await down(all, shard, asked);
    expect(all.values()).toEqual({ [a]: 'x' });
  });

  it('is asked once each time that the shard goes down', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    const asked = { snapshot: 0 };
    all.copies.set('cache:1', replica(shard, 'copy', 1, asked));
    for (let time = 1; time <= 2; time++) {
      await down(all, shard, asked);
      for (let second = 0; second < 5; second++) await all.second();
      expect(asked.snapshot).toBe(time);
      shard.up = true;
      shard.record = { ...shard.record, alive: true };
      all.membershipChanged();
      await turns(10);
    }
  });

  it('that knows more is believed until the shard is back, in the same incarnation or another', async () => {
    for (const restarted of [false, true]) {
      await using all = await createInstallation();
      await all.feedConsumer.ready();
      const shard = all.shards[0] as TestShard;
      await put(shard.store, a, 'x');
      await until(() => all.view.get(a) !== undefined);
      const asked = { snapshot: 0 };
      all.copies.set('cache:1', replica(shard, 'copy', shard.store.currentRevision() + 1_000, asked));
      await down(all, shard, asked);
      expect(all.values()).toEqual({ [b]: 'of the replica' });
      all.clock.advance(10);
      if (restarted) await shard.restart();
      shard.up = true;
      shard.record = { ...shard.record, alive: true };
      all.membershipChanged();
      await until(() => all.view.get(a) !== undefined);
      expect(all.values()).toEqual({ [a]: 'x', [c]: 'received' });
      await put(shard.store, a, 'tail');
      await until(() => Buffer.from(all.view.get(a)?.value ?? '').toString() === 'tail');
    }
  });

  it('is believed of a living shard that does not answer, until that does: it is asked again, and counts as silent before', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      shard.up = false;
      await put(shard.store, a, 'x');
    });
    const shard = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    all.copies.set('cache:1', replica(shard, 'copy', 1, { snapshot: 0 }));
    await turns(5);
    all.clock.advance(100);
    await until(() => all.view.get(b) !== undefined);
    expect([all.feedConsumer.isReady(), all.feedConsumer.isFollowed('alpha')]).toEqual([true, false]);
    shard.up = true;
    await turns(5);
    // Before its silence would be noticed.
    all.clock.advance(1_000);
    await until(() => all.view.get(a) !== undefined);
    expect(all.values()).toEqual({ [a]: 'x' });
    await until(() => all.feedConsumer.isFollowed('alpha'));
    shard.record = { ...shard.record, alive: false };
    all.membershipChanged();
    expect([all.feedConsumer.isFollowed('alpha'), all.feedConsumer.isFollowed('beta')]).toEqual([false, false]);
  });

  it('makes no consumer believe that a living shard has answered', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      shard.up = false;
      await put(shard.store, a, 'x');
    });
    const shard = all.shards[0] as TestShard;
    const late = replica(shard, 'alpha-1', 1, { snapshot: 0 });
    all.copies.set('cache:1', { ...late, snapshot: shard.calls.snapshot });
    await turns(5);
    all.copies.set('cache:1', late);
    expect(await all.feedConsumer.catchUp()).toBe(false);
    expect(Object.keys(all.values())).toEqual([b]);
  });
});

describe('what has been seen of a shard', () => {
  it('in a snapshot that broke off is not taken back by a replica that knows less', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      for (let index = 0; index < 700; index++) await put(shard.store, exportKey(`e${index}`), 'x');
      let pieces = 0;
      // The head and the first piece come.
      shard.between = () => {
        pieces += 1;
        shard.up = pieces <= 2;
        return Promise.resolve();
      };
    });
    const shard = all.shards[0] as TestShard;
    const seen = all.view.sizes;
    const asked = { snapshot: 0 };
    all.copies.set('cache:1', replica(shard, 'copy', 5, asked));
    await until(() => asked.snapshot > 0);
    await turns(5);
    expect(seen().entries).toBe(500);
    expect(all.view.get(b)).toBe(undefined);
    shard.between = undefined;
    shard.up = true;
    all.clock.advance(100);
    await until(() => seen().entries === 700);
  });

  it('by way of a replica is not taken back by a former owner, and by one that can promise more than that it is', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    await put(shard.store, a, 'x');
    await until(() => all.view.get(a) !== undefined);
    // Its successor has committed: the replica has it, and this feed consumer has not.
    const newer = shard.store.currentRevision() + 100;
    all.copies.set('cache:1', replica(shard, 'copy', newer, { snapshot: 0 }));
    const { fetch } = shard.calls;
    shard.calls.fetch = () => {
      throw new RpcError('unavailable', 'the store is not ours any more');
    };
    shard.record = { ...shard.record, alive: false };
    all.membershipChanged();
    all.bus.gap();
    all.bus.mode = 'drop';
    await put(shard.store, c, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(shard.store, c, 'received');
    await until(() => all.view.get(b) !== undefined);
    shard.record = { ...shard.record, alive: true };
    all.membershipChanged();
    for (let second = 0; second < 3; second++) await all.second();
    expect(all.values()).toEqual({ [b]: 'of the replica' });
    expect(all.troubles.at(-1)).toContain('is known better than it was told');
    // One that was set back to an older state promises, and what it has counts.
    shard.calls.fetch = fetch;
    for (let second = 0; second < 3; second++) await all.second();
    expect(all.values()).toEqual({ [a]: 'x', [c]: 'received' });
  });
});
