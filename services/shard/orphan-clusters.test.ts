import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@kcp-ts/base';
import { createPathIndex } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, openLmdbStore } from '@kcp-ts/storage';
import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import type { ClusterRequest } from '@kcp-ts/tenancy';
import { logicalClusterKey, noOtherShards } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import type { Shard } from './compose.ts';
import { composeTestShard, knowsNoOthers } from './shard.fixture.ts';

/**
 * The other shards, as their feeds have shown them: `two` has the cluster `parent`, and workspaces
 * in it.
 */
function createOthers() {
  const index = createPathIndex();
  const stored = (object: object) => encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  index.changed(
    'two',
    logicalClusterKey('parent'),
    stored({ metadata: { name: 'cluster' }, status: { phase: 'Ready' } }),
  );
  const state = { alive: true, asked: 0, answers: true, before: (): void => undefined };
  const otherShards = knowsNoOthers({
    index,
    requests: { ...noOtherShards('one'), knows: () => true },
    load: (shard) => (shard === 'two' && state.alive ? 1 : undefined),
    catchUp() {
      state.asked++;
      state.before();
      return Promise.resolve(state.answers);
    },
  });
  return {
    state,
    otherShards,
    /** The workspace has this cluster; none yet; or it is gone. */
    workspace(name: string, cluster: string | undefined, phase = 'Ready') {
      const value = stored({ metadata: { name }, spec: { cluster }, status: { phase } });
      index.changed('two', `tenancy.kcp.io/workspaces/id/parent//${name}`, value);
    },
    gone: (name: string) => index.changed('two', `tenancy.kcp.io/workspaces/id/parent//${name}`, undefined),
  };
}

/** As one that is drawn. */
const clusterNamed = (name: string) => name.padEnd(16, '0');

function orderOf(name: string, cluster = clusterNamed(name), parent = 'parent'): ClusterRequest {
  return {
    cluster,
    path: `root:${parent}:${name}`,
    type: 'root:universal',
    typeCluster: 'root',
    creator: { name: 'ann', groups: [] },
    owner: { cluster: parent, name, uid: `uid-${name}` },
    requiredGroups: undefined,
  };
}

async function made(shard: Shard, ...requests: readonly ClusterRequest[]): Promise<void> {
  for (const request of requests) expect(await shard.requests.create(request)).toMatchObject({ status: 'made' });
}

/** Half a minute goes by, and what waits for it is done. */
async function halfMinute(clock: ManualClock): Promise<void> {
  for (let second = 0; second < 31; second++) {
    clock.advance(1_000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

const isThere = (store: Store, name: string) => store.get(logicalClusterKey(clusterNamed(name))) !== undefined;

it('a cluster goes that no workspace of the shard of its parent has, when that is sure, and no other', async () => {
  const clock = createManualClock(Date.now());
  const others = createOthers();
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({ store, clock, otherShards: others.otherShards });
  others.workspace('kept', clusterNamed('kept'));
  others.workspace('making', undefined, 'Scheduling');
  others.workspace('again', 'another-cluster');
  await made(shard, ...['kept', 'making', 'again', 'lost'].map((name) => orderOf(name)));
  await made(shard, orderOf('away', clusterNamed('away'), 'nowhere'));
  const there = () => ['kept', 'making', 'again', 'lost', 'away'].filter((name) => isThere(store, name));
  expect(there()).toEqual(['kept', 'making', 'again', 'lost', 'away']);

  // Nobody is sure while a shard cannot be asked, or the one with the parent is down.
  others.state.answers = false;
  await halfMinute(clock);
  expect(others.state.asked).toBeGreaterThan(0);
  others.state.answers = true;
  others.state.alive = false;
  await halfMinute(clock);
  expect(there()).toEqual(['kept', 'making', 'again', 'lost', 'away']);

  others.state.alive = true;
  await halfMinute(clock);
  expect(there()).toEqual(['kept', 'making', 'away']);

  // Its workspace went before it had a cluster, and no shard received the request any more.
  others.gone('making');
  await halfMinute(clock);
  expect(there()).toEqual(['kept', 'away']);
});

it('a workspace that is found only when the other shards are asked keeps its cluster', async () => {
  const clock = createManualClock(Date.now());
  const others = createOthers();
  await using store = createMemoryStore({ clock });
  await using shard = await composeTestShard({ store, clock, otherShards: others.otherShards });
  others.state.before = () => others.workspace('late', clusterNamed('late'));
  await made(shard, orderOf('late'));
  await halfMinute(clock);
  expect([others.state.asked, isThere(store, 'late')]).toEqual([1, true]);
});

it('a shard that was taken out, and comes back, takes away what belongs to nobody any more', async () => {
  const clock = createManualClock(Date.now());
  const others = createOthers();
  await using store = createMemoryStore({ clock });
  {
    others.workspace('gone', clusterNamed('gone'));
    others.workspace('kept', clusterNamed('kept'));
    await using shard = await composeTestShard({ store, clock, otherShards: others.otherShards });
    await made(shard, orderOf('gone'), orderOf('kept'));
    await halfMinute(clock);
  }
  others.gone('gone');
  await using _ = await composeTestShard({ store, clock, otherShards: others.otherShards });
  await halfMinute(clock);
  expect(['gone', 'kept'].filter((name) => isThere(store, name))).toEqual(['kept']);
});

it('a cluster is said to be gone when that is durable, also where somebody else is just taking it away', async () => {
  const clock = createSystemClock();
  const others = createOthers();
  const path = await mkdtemp(join(tmpdir(), 'orphan-clusters-'));
  try {
    // Of an engine that takes its time to write.
    await using store = await openLmdbStore({ path, clock });
    await using shard = await composeTestShard({ store, clock, otherShards: others.otherShards });
    await made(shard, orderOf('a'));
    const removed = store.commit([{ op: 'delete', key: logicalClusterKey(clusterNamed('a')), expect: 'any' }]);
    expect(await shard.requests.remove(clusterNamed('a'), 'uid-a')).toEqual({ gone: true });
    expect(isThere(store, 'a')).toBe(false);
    await removed;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
