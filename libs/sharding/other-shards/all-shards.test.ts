import type { ClusterName, WorkspacePath } from '@kcp-ts/api';
import { createMemoryStore } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import type { PathIndex, Placement } from '../locator/path-index.ts';
import { createPathIndex } from '../locator/path-index.ts';
import { clustersOfAllShards } from './all-shards.ts';
import type { OtherShards } from './other-shards.ts';

const root = 'root' as ClusterName;
const path = 'root:team' as WorkspacePath;

function clustersWith(child: Placement, isComplete: boolean) {
  const index: PathIndex = {
    ...createPathIndex(),
    child: () => child,
    cluster: (name) => (name === 'far' ? { path: 'root:far', parent: 'root', shard: 'two' } : undefined),
  } as PathIndex;
  const store = createMemoryStore();
  const otherShards = { index, isComplete: () => isComplete } as unknown as OtherShards;
  return clustersOfAllShards({ store, workspacesPrefix: () => 'workspaces/', entriesMax: 10 }, otherShards);
}

it('a workspace of another shard is where the index has it', () => {
  const clusters = clustersWith({ status: 'found', cluster: 'c2' as ClusterName, shard: 'two' }, true);
  expect(clusters.locate(path)).toBe('c2');
  expect(clusters.known('far')).toMatchObject({ path: 'root:far', parent: 'root' });
  expect([clusters.known('none'), clusters.facts(root)]).toEqual([undefined, undefined]);
});

it.each([
  [true, 'unknown'],
  [false, 'unavailable'],
])('one that is not known is, where all has been received: %s, %s', (isComplete, status) => {
  const clusters = clustersWith({ status: 'unknown' }, isComplete);
  expect(clusters.resolve(path)).toEqual({ status });
  expect(clusters.locate(path)).toBeUndefined();
});
