import { create } from '@bufbuild/protobuf';
import { FeedService } from '@kcp-ts/proto';
import { createMemoryStore } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import type { TestShard } from './feed.fixture.ts';
import { createInstallation, exportKey, put, remove, turns, until } from './feed.fixture.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => exportKey(name)) as [string, string, string];

describe('a feed consumer', () => {
  it('brings in what was there and applies what comes, without being asked for it again', async () => {
    await using all = await createInstallation(['alpha', 'beta'], async ({ store, record }) => {
      await put(store, exportKey('old', record.name), 'old');
    });
    await all.feedConsumer.ready();
    expect(all.values()).toEqual({ [exportKey('old', 'alpha')]: 'old', [exportKey('old', 'beta')]: 'old' });
    const alpha = all.shards[0] as TestShard;
    await put(alpha.store, a, '1');
    await put(alpha.store, a, '2');
    await remove(alpha.store, exportKey('old', 'alpha'));
    await until(() => all.view.get(exportKey('old', 'alpha')) === undefined);
    expect(all.values()).toEqual({ [a]: '2', [exportKey('old', 'beta')]: 'old' });
    expect(all.view.shardOf(a)).toBe('alpha');
    expect(alpha.asked).toEqual({ snapshot: 1, fetch: 1 });
  });

  it('receives in one message what commits in one turn', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    const before = all.bus.published.length;
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(store, exportKey(`e${index}`), 'x')));
    await until(() => all.view.get(exportKey('e49')) !== undefined);
    expect(all.bus.published.length - before).toBe(1);
  });

  it('fetches a message that was lost in the middle', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store, asked } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(store, b, 'received');
    await until(() => all.view.get(b) !== undefined);
    expect(all.values()).toEqual({ [a]: 'lost', [b]: 'received' });
    expect(asked).toEqual({ snapshot: 1, fetch: 2 });
  });

  it('notices within a second that the last message was lost', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store, asked } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    expect(all.view.get(a)).toBe(undefined);
    await all.second();
    await until(() => all.view.get(a) !== undefined);
    expect(asked).toEqual({ snapshot: 1, fetch: 2 });
  });

  it('applies nothing twice and nothing older, whatever the order that messages come in', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'hold';
    for (const text of ['1', '2', '3', '4']) {
      await put(store, a, text);
      await turns(2);
    }
    all.bus.release((held) => [...held.slice(2), ...held.slice(0, 2), ...held]);
    await until(() => Buffer.from(all.view.get(a)?.value ?? '').toString() === '4');
    await turns(20);
    const revisions = all.events.map(({ revision }) => revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y));
    expect(all.events.map(({ value }) => Buffer.from(value).toString())).toEqual(['1', '2', '3', '4']);
  });

  it('takes a snapshot when the shard has begun a new feed, and forgets what is not in it', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    await put(shard.store, a, 'gone with the old store');
    await until(() => all.view.get(a) !== undefined);
    all.clock.advance(1);
    const fresh = createMemoryStore({ clock: all.clock });
    await put(fresh, b, 'new');
    await shard.restart(fresh);
    await until(() => all.view.get(b) !== undefined);
    expect(all.values()).toEqual({ [b]: 'new' });
    await put(fresh, c, 'tail');
    await until(() => all.view.get(c) !== undefined);
    expect(shard.asked).toEqual({ snapshot: 2, fetch: 2 });
  });

  it('does not go back to a feed that is over', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    all.bus.mode = 'hold';
    await put(shard.store, a, '1');
    await turns(2);
    const held = all.bus;
    await shard.restart();
    await turns(2);
    held.release((messages) => messages.reverse());
    await until(() => all.view.get(a) !== undefined);
    await turns(20);
    expect(shard.asked.snapshot).toBe(2);
    const { fetch } = shard.asked;
    await put(shard.store, b, 'tail');
    await until(() => all.view.get(b) !== undefined);
    expect(shard.asked).toEqual({ snapshot: 2, fetch });
  });

  it('takes no snapshot from an incarnation of the shard that is over', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    await shard.restart();
    await until(() => shard.asked.snapshot === 2);
    await turns(10);
    const { snapshot } = shard.calls;
    // Another replica of the shard, paused while it owned it, answers once more.
    shard.calls.snapshot = async function* () {
      const entries = [{ key: b, revision: 1, createRevision: 1, value: Buffer.from('of the past') }];
      const revision = shard.store.currentRevision() + 1_000_000;
      yield create(FeedService.method.snapshot.output, { epoch: 'alpha-1', revision, entries });
    };
    await put(shard.store, a, 'x');
    await shard.restart();
    await turns(20);
    expect(all.view.get(b)).toBe(undefined);
    shard.calls.snapshot = snapshot;
    await all.second();
    await until(() => all.view.get(a) !== undefined);
  });

  it('takes a snapshot where history no longer reaches back to what it has', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(shard.store, a, '1');
    await put(shard.store, b, '1');
    await remove(shard.store, a);
    await turns(3);
    await shard.store.compact(shard.store.currentRevision());
    all.bus.mode = 'pass';
    await all.second();
    await until(() => all.view.get(b) !== undefined);
    expect(all.values()).toEqual({ [b]: '1' });
    expect(shard.asked).toEqual({ snapshot: 2, fetch: 3 });
  });

  it('fetches what is too large for the bus', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store, asked } = all.shards[0] as TestShard;
    const large = 'x'.repeat(all.bus.messageBytesMax);
    await put(store, a, large);
    await until(() => all.view.get(a) !== undefined);
    expect(all.values()).toEqual({ [a]: large });
    expect(all.bus.published.at(-1)).toMatchObject({ byReference: true, entries: [] });
    expect(asked).toEqual({ snapshot: 1, fetch: 2 });
  });

  it('asks again when the bus says that something may be missing', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    all.bus.gap();
    await until(() => all.view.get(a) !== undefined);
  });

  it('believes nobody who speaks for another shard', async () => {
    await using all = await createInstallation(['alpha', 'beta']);
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'hold';
    await put(store, a, 'x');
    await turns(3);
    all.bus.release((held) => held.map(([, bytes]) => ['kcp.feed.beta', bytes]));
    await turns(20);
    expect(all.view.get(a)).toBe(undefined);
    expect(all.troubles).toEqual(['kcp.feed.beta: Error: kcp.feed.beta speaks for another shard']);
  });

  it('takes no harm from what is no message', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    await all.bus.raw('kcp.feed.alpha', Buffer.from('ffffff', 'hex'));
    await turns(5);
    expect(all.troubles).toHaveLength(1);
    await put((all.shards[0] as TestShard).store, a, 'x');
    await until(() => all.view.get(a) !== undefined);
  });

  it('keeps the bytes of values, and not of the messages that they came in', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    await Promise.all([put(store, a, 'x'.repeat(10)), put(store, b, 'y'.repeat(9_000))]);
    await until(() => all.view.get(b) !== undefined);
    expect(all.view.get(a)?.value.buffer.byteLength).toBe(10);
  });

  it('lets nothing onto the bus that the projection does not name', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    await put(store, 'core/secrets/-/c1/default/s', 'secret');
    await put(store, a, 'x');
    await put(store, 'core/configmaps/-/c1/default/s', 'tenant');
    await until(() => all.view.get(a) !== undefined);
    await all.second();
    expect(all.bus.published.flatMap(({ entries }) => entries.map(({ key }) => key))).toEqual([a]);
    expect(Object.keys(all.values())).toEqual([a]);
  });

  it('is given nothing else by the shard either', async () => {
    await using all = await createInstallation(['alpha'], async ({ store }) => {
      await put(store, 'core/secrets/-/c1/default/s', 'secret');
    });
    await all.feedConsumer.ready();
    const { store, asked } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, 'core/secrets/-/c1/default/t', 'secret');
    await put(store, a, 'x');
    await all.feedConsumer.catchUp();
    expect(asked.fetch).toBe(2);
    expect(Object.keys(all.values())).toEqual([a]);
  });

  it('learns of a new feed from the shard itself, if the bus does not say so', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    await put(shard.store, a, 'gone with the old store');
    await until(() => all.view.get(a) !== undefined);
    all.bus.mode = 'drop';
    all.clock.advance(1);
    const fresh = createMemoryStore({ clock: all.clock });
    await put(fresh, b, 'new');
    await shard.restart(fresh);
    expect(await all.feedConsumer.catchUp()).toBe(true);
    expect(all.values()).toEqual({ [b]: 'new' });
  });

  it('does not ask a shard that does not answer once for each message', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    const { store, asked } = shard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    shard.up = false;
    for (let count = 0; count < 100; count++) {
      await put(store, b, String(count));
      await turns(3);
    }
    expect(asked.fetch).toBeLessThan(5);
  });
});

describe('a snapshot', () => {
  it('loses nothing that is written meanwhile, and brings nothing back', async () => {
    const count = 1_200;
    await using all = await createInstallation(['alpha'], async (shard) => {
      for (let index = 0; index < count; index++) await put(shard.store, exportKey(`e${index}`), 'old');
      let piece = 0;
      shard.between = async () => {
        piece += 1;
        await put(shard.store, exportKey(`during${piece}`), 'new');
        await put(shard.store, exportKey('e0'), `changed ${piece}`);
        await remove(shard.store, exportKey(`e${count - piece}`));
        await turns(3);
      };
    });
    await all.feedConsumer.ready();
    const shard = all.shards[0] as TestShard;
    await until(() => all.view.get(exportKey('during1')) !== undefined);
    shard.between = undefined;
    await all.second();
    const { entries } = await shard.store.list({ prefix: '' });
    expect(all.view.scan({ prefix: '' }, 10_000).map(({ key, revision }) => [key, revision])).toEqual(
      entries.map(({ key, revision }) => [key, revision]),
    );
    const seen = new Map<string, number>();
    for (const { key, revision } of all.events) {
      expect(revision).toBeGreaterThan(seen.get(key) ?? 0);
      seen.set(key, revision);
    }
  });

  it('that is cut off is taken again', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      for (let index = 0; index < 1_200; index++) await put(shard.store, exportKey(`e${index}`), 'x');
      let pieces = 0;
      shard.between = () => {
        pieces += 1;
        shard.up = pieces !== 2;
        return Promise.resolve();
      };
    });
    const shard = all.shards[0] as TestShard;
    await until(() => shard.up === false);
    shard.up = true;
    await turns(5);
    all.clock.advance(100);
    await all.feedConsumer.ready();
    expect(all.view.sizes().entries).toBe(1_200);
    expect(shard.asked.snapshot).toBe(2);
  });

  it('comes from a replica where the shard is down, and the shard goes on from there when it is back', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      await put(shard.store, a, 'kept');
      shard.up = false;
      shard.record = { ...shard.record, alive: false };
    });
    const shard = all.shards[0] as TestShard;
    const revision = shard.store.currentRevision();
    let asked = 0;
    all.copies.set('cache:1', {
      ...shard.calls,
      async *snapshot() {
        asked += 1;
        const entries = [{ key: a, revision, createRevision: revision, value: Buffer.from('kept') }];
        yield create(FeedService.method.snapshot.output, { epoch: 'alpha-1', revision, entries });
      },
    });
    await turns(5);
    all.clock.advance(100);
    await until(() => all.view.get(a) !== undefined);
    all.bus.mode = 'drop';
    await put(shard.store, b, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(shard.store, c, 'received');
    for (let second = 0; second < 5; second++) await all.second();
    // The replica has nothing that the feed consumer lacks, and it is not asked in a loop.
    expect(asked).toBeLessThanOrEqual(2);
    expect(all.view.get(b)).toBe(undefined);
    shard.up = true;
    shard.record = { ...shard.record, alive: true };
    all.membershipChanged();
    await until(() => Object.keys(all.values()).length === 3);
    const before = { ...shard.asked };
    await put(shard.store, c, 'tail');
    await until(() => Buffer.from(all.view.get(c)?.value ?? '').toString() === 'tail');
    expect(shard.asked).toEqual(before);
  });
});

describe('the shards that are followed', () => {
  it('one that joins is brought in, and nothing is left of one that leaves', async () => {
    await using all = await createInstallation(['alpha']);
    await all.feedConsumer.ready();
    await put((all.shards[0] as TestShard).store, a, 'alpha');
    const beta = all.addShard('beta');
    await put(beta.store, exportKey('x', 'c2'), 'beta');
    await until(() => Object.keys(all.values()).length === 2);
    all.removeShard('alpha');
    expect(all.values()).toEqual({ [exportKey('x', 'c2')]: 'beta' });
    expect(all.events.at(-1)).toMatchObject({ type: 'delete', key: a });
    expect(all.feedConsumer.ageMs('alpha')).toBe(undefined);
    beta.publisher[Symbol.dispose]();
  });

  it('what one says is gone stays where another has it', async () => {
    await using all = await createInstallation(['alpha', 'beta']);
    await all.feedConsumer.ready();
    const [alpha, beta] = all.shards as [TestShard, TestShard];
    await put(alpha.store, a, 'alpha');
    await until(() => all.view.get(a) !== undefined);
    await put(beta.store, a, 'beta');
    await until(() => all.view.shardOf(a) === 'beta');
    await remove(alpha.store, a);
    await all.feedConsumer.catchUp();
    await turns(5);
    expect(all.values()).toEqual({ [a]: 'beta' });
  });

  it('one that is down from the beginning holds up nobody, and is brought in when it is back', async () => {
    await using all = await createInstallation(['alpha', 'beta'], async (shard) => {
      shard.up = shard.record.name === 'alpha';
      shard.record = { ...shard.record, alive: shard.up };
      await put(shard.store, exportKey('x', shard.record.name), 'x');
    });
    await all.feedConsumer.ready();
    expect(Object.keys(all.values())).toEqual([exportKey('x', 'alpha')]);
    (all.shards[1] as TestShard).up = true;
    await all.second();
    await until(() => Object.keys(all.values()).length === 2);
  });

  it('one that is alive is waited for', async () => {
    await using all = await createInstallation(['alpha', 'beta'], (shard) => {
      shard.up = shard.record.name === 'alpha';
      return Promise.resolve();
    });
    await turns(10);
    expect(all.feedConsumer.isReady()).toBe(false);
    (all.shards[1] as TestShard).up = true;
    await all.second();
    await all.feedConsumer.ready();
  });
});

describe('how old what is known is', () => {
  it('age grows while nothing is received, and an idle feed stays young', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    for (let second = 0; second < 15; second++) await all.second();
    expect(all.feedConsumer.ageMs('alpha')).toBeLessThanOrEqual(1_000);
    const shard = all.shards[0] as TestShard;
    shard.up = false;
    all.bus.mode = 'drop';
    for (let second = 0; second < 12; second++) await all.second();
    expect(all.feedConsumer.ageMs('alpha')).toBeGreaterThan(10_000);
    shard.up = true;
    all.bus.mode = 'pass';
    await all.second();
    expect(all.feedConsumer.ageMs('alpha')).toBeLessThan(10_000);
  });

  it('a message that was long under way does not make it younger', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    await all.second();
    const shard = all.shards[0] as TestShard;
    shard.up = false;
    all.bus.mode = 'hold';
    await all.second();
    all.clock.advance(30_000);
    await turns(5);
    all.bus.release((held) => held.slice(0, 1));
    await turns(5);
    expect(all.feedConsumer.ageMs('alpha')).toBeGreaterThanOrEqual(30_000);
  });

  it('a feed that is silent is asked, so that a bus that is down makes nobody blind', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'x');
    for (let second = 0; second < 4; second++) await all.second();
    expect(all.values()).toEqual({ [a]: 'x' });
    expect(all.feedConsumer.ageMs('alpha')).toBeLessThan(4_000);
  });

  it('catching up brings everything that was committed before it, also when its message was lost', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store } = all.shards[0] as TestShard;
    await put(store, a, '1');
    expect(await all.feedConsumer.catchUp()).toBe(true);
    expect(all.values()).toEqual({ [a]: '1' });
    all.bus.mode = 'drop';
    await put(store, b, '2');
    expect(await all.feedConsumer.catchUp()).toBe(true);
    expect(all.values()).toEqual({ [a]: '1', [b]: '2' });
  });

  it('nobody has caught up with a living shard that does not answer', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    (all.shards[0] as TestShard).up = false;
    expect(await all.feedConsumer.catchUp()).toBe(false);
  });

  it('all who catch up while one does share the next answer', async () => {
    await using all = await createInstallation();
    await all.feedConsumer.ready();
    const { store, asked } = all.shards[0] as TestShard;
    await put(store, a, '1');
    const before = asked.fetch;
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => all.feedConsumer.catchUp())))).toEqual(
      new Set([true]),
    );
    expect(asked.fetch - before).toBeLessThanOrEqual(2);
  });
});
