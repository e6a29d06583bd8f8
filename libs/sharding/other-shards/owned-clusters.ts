/** Workspaces and their logical clusters where the two are on different shards. */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { Source } from '@kcp-ts/controller-runtime';
import type { Store } from '@kcp-ts/storage';
import type { OtherShards } from './other-shards.ts';

/** The workspaces of this shard whose logical cluster on another shard has changed, by key. */
export function workspacesOfOtherShards(
  store: Pick<Store, 'peekHead'>,
  otherShards: Pick<OtherShards, 'onOwnedCluster'> | undefined,
  workspacesPrefix: () => string,
): Source {
  return {
    subscribe(enqueue) {
      const following = otherShards?.onOwnedCluster(({ cluster, name }) => {
        const key = `${workspacesPrefix()}${cluster}//${name}`;
        if (store.peekHead(key) !== undefined) enqueue([key]);
      });
      return { [Symbol.dispose]: () => following?.[Symbol.dispose]() };
    },
  };
}

/**
 * Whether a workspace of another shard owns a logical cluster, by what that shard has said: `none`
 * where the workspace is gone or has another cluster, `unknown` where it has none yet, or its shard
 * cannot say so now.
 */
export function ownershipOf(
  { index, load }: Pick<OtherShards, 'index' | 'load'>,
  workspace: { readonly cluster: LogicalClusterName; readonly name: string },
  cluster: LogicalClusterName,
): 'owned' | 'none' | 'unknown' {
  const parent = index.cluster(workspace.cluster);
  // A shard that takes no clusters now is one that cannot be reached.
  if (parent === undefined || load(parent.shard) === undefined) return 'unknown';
  const found = index.workspace(workspace.cluster, workspace.name);
  if (found === undefined) return 'none';
  if (found.cluster === undefined) return 'unknown';
  return found.cluster === cluster ? 'owned' : 'none';
}
