import type { Revision } from '@kcp-ts/meta';
import { createMemoryStore } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import type { TestShard } from './feed.fixture.ts';
import { createInstallation, exportKey, put, remove, turns, until } from './feed.fixture.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => exportKey(name)) as [string, string, string];

describe('a follower of feeds', () => {
  it('brings in what was there and applies what comes, without being asked for it again', async () => {
    await using all = await createInstallation(['alpha', 'beta'], async ({ store, record }) => {
      await put(store, exportKey('old', record.name), 'old');
    });
    await all.follower.ready();
    expect(all.values()).toEqual({ [exportKey('old', 'alpha')]: 'old', [exportKey('old', 'beta')]: 'old' });
    const alpha = all.shards[0] as TestShard;
    await put(alpha.store, a, '1');
    await put(alpha.store, a, '2');
    await remove(alpha.store, exportKey('old', 'alpha'));
    await until(() => all.view.get(exportKey('old', 'alpha')) === undefined);
    expect(all.values()).toEqual({ [a]: '2', [exportKey('old', 'beta')]: 'old' });
    expect(all.view.shardOf(a)).toEqual({ name: 'alpha', number: 1 });
    expect(alpha.asked).toMatchObject({ snapshot: 1, fetch: 0 });
  });

  it('hears in one message what commits in one turn', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store } = all.shards[0] as TestShard;
    const before = all.bus.published.length;
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(store, exportKey(`e${index}`), 'x')));
    await until(() => all.view.get(exportKey('e49')) !== undefined);
    expect(all.bus.published.length - before).toBe(1);
  });

  it('fetches a message that was lost in the middle', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store, asked } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(store, b, 'heard');
    await until(() => all.view.get(b) !== undefined);
    expect(all.values()).toEqual({ [a]: 'lost', [b]: 'heard' });
    expect(asked).toMatchObject({ snapshot: 1, fetch: 1 });
  });

  it('notices within a second that the last message was lost', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store, asked } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    expect(all.view.get(a)).toBe(undefined);
    await all.second();
    await until(() => all.view.get(a) !== undefined);
    expect(asked).toMatchObject({ snapshot: 1, fetch: 1 });
  });

  it('applies nothing twice and nothing older, whatever the order that messages come in', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
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
    await all.follower.ready();
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
    expect(shard.asked).toMatchObject({ snapshot: 2, fetch: 0 });
  });

  it('does not go back to a feed that is over', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
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
    expect(all.follower.states()[0]).toMatchObject({ epoch: 'alpha-2', state: 'following' });
    expect(shard.asked.snapshot).toBe(2);
  });

  it('takes a snapshot where history no longer reaches back to what it has', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
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
    expect(shard.asked).toMatchObject({ snapshot: 2, fetch: 1 });
  });

  it('fetches what is too large for the bus', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store, asked } = all.shards[0] as TestShard;
    const large = 'x'.repeat(all.bus.messageBytesMax);
    await put(store, a, large);
    await until(() => all.view.get(a) !== undefined);
    expect(all.values()).toEqual({ [a]: large });
    expect(all.bus.published.at(-1)).toMatchObject({ fetch: true, entries: [] });
    expect(asked).toMatchObject({ snapshot: 1, fetch: 1 });
  });

  it('asks anew when the bus says that something may be missing', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'lost');
    all.bus.gap();
    await until(() => all.view.get(a) !== undefined);
  });

  it('believes nobody who speaks for another shard', async () => {
    await using all = await createInstallation(['alpha', 'beta']);
    await all.follower.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'hold';
    await put(store, a, 'x');
    await turns(3);
    all.bus.release((held) => held.map(([, bytes]) => ['kcp.feed.beta', bytes]));
    await turns(20);
    expect(all.view.get(a)).toBe(undefined);
  });

  it('lets nothing onto the bus that the projection does not name', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store } = all.shards[0] as TestShard;
    await put(store, 'core/secrets/-/c1/default/s', 'secret');
    await put(store, a, 'x');
    await put(store, 'core/configmaps/-/c1/default/s', 'tenant');
    await until(() => all.view.get(a) !== undefined);
    await all.second();
    await all.follower.sync('alpha', 0 as Revision);
    expect(all.bus.published.flatMap(({ entries }) => entries.map(({ key }) => key))).toEqual([a]);
    expect(Object.keys(all.values())).toEqual([a]);
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
    await all.follower.ready();
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
    await all.follower.ready();
    expect(all.view.statistics().entries).toBe(1_200);
    expect(shard.asked.snapshot).toBe(2);
  });

  it('comes from a copy where the shard is down, and the shard goes on from there when it is back', async () => {
    await using all = await createInstallation(['alpha'], async (shard) => {
      await put(shard.store, a, 'kept');
      shard.up = false;
    });
    const shard = all.shards[0] as TestShard;
    const { epoch } = shard.publisher;
    const revision = shard.store.currentRevision();
    const entries = [{ key: a, revision, createRevision: revision, value: Buffer.from('kept') }];
    let asked = 0;
    all.copies.set('cache:1', {
      ...shard.source,
      async *snapshot() {
        asked += 1;
        yield { epoch, revision, entries, last: true };
      },
    });
    await turns(5);
    all.clock.advance(100);
    await all.follower.ready();
    expect(all.values()).toEqual({ [a]: 'kept' });
    expect(asked).toBe(1);
    all.bus.mode = 'drop';
    await put(shard.store, b, 'lost');
    await turns(3);
    all.bus.mode = 'pass';
    await put(shard.store, c, 'heard');
    for (let second = 0; second < 5; second++) await all.second();
    // The copy has nothing that the follower lacks, and it is not asked in a loop.
    expect(asked).toBeLessThan(10);
    expect(all.view.get(b)).toBe(undefined);
    const { snapshot } = shard.asked;
    shard.up = true;
    all.registerChanged();
    await until(() => Object.keys(all.values()).length === 3);
    expect(shard.asked.snapshot).toBe(snapshot);
  });
});

describe('the shards that are followed', () => {
  it('one that joins is brought in, and nothing is left of one that leaves', async () => {
    await using all = await createInstallation(['alpha']);
    await all.follower.ready();
    await put((all.shards[0] as TestShard).store, a, 'alpha');
    const beta = all.addShard('beta');
    await put(beta.store, exportKey('x', 'c2'), 'beta');
    await until(() => Object.keys(all.values()).length === 2);
    all.removeShard('alpha');
    expect(all.values()).toEqual({ [exportKey('x', 'c2')]: 'beta' });
    expect(all.events.at(-1)).toMatchObject({ type: 'delete', key: a });
    expect(all.follower.age('alpha')).toBe(Number.POSITIVE_INFINITY);
    expect(await all.follower.sync('alpha', 0 as Revision)).toBe(false);
    await beta.publisher[Symbol.asyncDispose]();
  });

  it('one that is down from the beginning holds up nobody for longer than the bound', async () => {
    await using all = await createInstallation(['alpha', 'beta'], async (shard) => {
      shard.up = shard.record.name === 'alpha';
      await put(shard.store, exportKey('x', shard.record.name), 'x');
    });
    let ready = false;
    void all.follower.ready().then(() => {
      ready = true;
    });
    await until(() => Object.keys(all.values()).length === 1);
    expect(ready).toBe(false);
    all.clock.advance(10_000);
    await turns(2);
    expect(ready).toBe(true);
    (all.shards[1] as TestShard).up = true;
    await all.second();
    await until(() => Object.keys(all.values()).length === 2);
  });
});

describe('how old what is known is', () => {
  it('age grows while nothing is heard, and an idle feed stays young', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    for (let second = 0; second < 15; second++) await all.second();
    expect(all.follower.age('alpha')).toBeLessThanOrEqual(1_000);
    const shard = all.shards[0] as TestShard;
    shard.up = false;
    all.bus.mode = 'drop';
    for (let second = 0; second < 12; second++) await all.second();
    expect(all.follower.age('alpha')).toBeGreaterThan(10_000);
    shard.up = true;
    all.bus.mode = 'pass';
    await all.second();
    expect(all.follower.age('alpha')).toBeLessThan(10_000);
  });

  it('a message that was long under way does not make it younger', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    await all.second();
    const shard = all.shards[0] as TestShard;
    shard.up = false;
    all.bus.mode = 'hold';
    await all.second();
    all.clock.advance(30_000);
    await turns(5);
    all.bus.release((held) => held.slice(0, 1));
    await turns(5);
    expect(all.follower.age('alpha')).toBeGreaterThanOrEqual(30_000);
  });

  it('a feed that is silent is asked, so that a bus that is down makes nobody blind', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store } = all.shards[0] as TestShard;
    all.bus.mode = 'drop';
    await put(store, a, 'x');
    for (let second = 0; second < 4; second++) await all.second();
    expect(all.values()).toEqual({ [a]: 'x' });
    expect(all.follower.age('alpha')).toBeLessThan(4_000);
  });

  it('sync brings everything that was committed before it, also when its message was lost', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const { store, asked } = all.shards[0] as TestShard;
    await put(store, a, '1');
    expect(await all.follower.sync('alpha', store.currentRevision())).toBe(true);
    expect(all.values()).toEqual({ [a]: '1' });
    all.bus.mode = 'drop';
    await put(store, b, '2');
    const synced = all.follower.sync('alpha', store.currentRevision());
    await turns(5);
    all.clock.advance(10);
    expect(await synced).toBe(true);
    expect(all.values()).toEqual({ [a]: '1', [b]: '2' });
    expect(asked.fetch).toBe(1);
  });

  it('sync says no when the shard does not answer', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    const shard = all.shards[0] as TestShard;
    shard.up = false;
    expect(await all.follower.sync('alpha', 0 as Revision)).toBe(false);
  });

  it('all who ask while one is asked share the next answer', async () => {
    await using all = await createInstallation();
    await all.follower.ready();
    await turns(5);
    const { store, asked } = all.shards[0] as TestShard;
    await put(store, a, '1');
    const before = asked.progress;
    const answers = Array.from({ length: 20 }, () => all.follower.sync('alpha', store.currentRevision()));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    expect(asked.progress - before).toBe(2);
  });
});
