/**
 * Takes away logical clusters that no workspace belongs to any more. A workspace of another shard
 * is written before its cluster is ordered here, and goes after it; but a request may come late,
 * when its workspace was deleted while it was on its way, and a shard that was taken out and comes
 * back has clusters of workspaces that are gone. Each cluster of another shard's workspace is
 * looked at a while after it was made, and after a start.
 *
 * Only what is sure counts: the shard with the parent is alive and has said everything that it had
 * committed, and there is no such workspace, or it has another cluster. Where the parent itself is
 * nowhere, its shard may be away for good: what its people have here stays.
 */

import type { LogicalClusterName } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { nothing, wait } from '@kcp-ts/controller-runtime';
import type { Decision, Entry } from '@kcp-ts/storage';
import { flagDeleting, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { logicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import type { ClusterRemoval } from './cluster-removal.ts';
import type { ControllerDependencies } from './writer.ts';

/** What other shards have said of a workspace. */
export type Ownership =
  /** It has this cluster. */
  | 'owned'
  /** It is not there, or has another cluster. */
  | 'none'
  /** It has no cluster yet, or its shard does not answer. */
  | 'unknown';

export interface OrphanDependencies extends Pick<ControllerDependencies, 'store' | 'clock'> {
  /** A decision for each cluster. */
  decide(): Decision;
  readonly removal: ClusterRemoval;
  ownership(
    workspace: { readonly cluster: LogicalClusterName; readonly name: string },
    cluster: LogicalClusterName,
  ): Ownership;
  /**
   * Resolves when everything that living shards had committed before the call is known; false where
   * one could not be asked.
   */
  catchUp(): Promise<boolean>;
}

interface Pending {
  readonly cluster: LogicalClusterName;
  readonly owner: { readonly cluster: LogicalClusterName; readonly name: string };
  dueMs: number;
}

/** A request that its own workspace's deletion has overtaken has ended by then. */
const graceMs = 30_000;
/** The one key of this controller: clusters wait in a list of its own, so that none has a timer. */
const sweepKey = 'sweep';

export function createOrphanClusters(deps: OrphanDependencies): Controller {
  const pending = new Map<string, Pending>();

  /** Those of workspaces of this shard are made and deleted with them. */
  function consider({ key, value }: Pick<Entry, 'key' | 'value'>): boolean {
    if ((storedFlags(value) & flagDeleting) !== 0) return false;
    const owner = parseStored<LogicalCluster>(value).spec?.owner;
    if (owner === undefined || deps.store.peekHead(logicalClusterKey(owner.cluster)) !== undefined) return false;
    const cluster = key.slice(logicalClustersPrefix.length, key.indexOf('/', logicalClustersPrefix.length));
    pending.set(key, { cluster, owner, dueMs: deps.clock.monotonic() + graceMs });
    return true;
  }

  /** Those that no shard has said to belong to a workspace. */
  function doubtful(due: ReadonlyMap<string, Pending>): ReadonlyMap<string, Pending> {
    const left = new Map<string, Pending>();
    for (const [key, one] of due) {
      if (deps.store.peekHead(key) === undefined || deps.ownership(one.owner, one.cluster) === 'owned')
        pending.delete(key);
      else left.set(key, one);
    }
    return left;
  }

  async function sweep(due: ReadonlyMap<string, Pending>): Promise<void> {
    const left = doubtful(due);
    const sure = left.size > 0 && (await deps.catchUp());
    for (const [key, one] of doubtful(left)) {
      one.dueMs = deps.clock.monotonic() + graceMs;
      if (!sure || deps.ownership(one.owner, one.cluster) !== 'none') continue;
      // What waits for finalizers goes on where other clusters do that are being deleted.
      if ((await deps.removal.remove(deps.decide(), one.cluster, undefined)).status !== 'conflict') pending.delete(key);
    }
  }

  /** The sweep, where no other cluster waits for it already. */
  function sweepFor(entry: Pick<Entry, 'key' | 'value'>): readonly string[] {
    const first = pending.size === 0;
    return consider(entry) && first ? [sweepKey] : [];
  }

  return {
    name: 'orphan-clusters',
    watches: [
      {
        prefix: logicalClustersPrefix,
        initial: sweepFor,
        keys: ({ event }) => (event.type === 'delete' || event.previous !== undefined ? [] : sweepFor(event)),
      },
    ],
    async reconcile() {
      const now = deps.clock.monotonic();
      const due = new Map([...pending].filter(([, { dueMs }]) => dueMs <= now));
      if (due.size > 0) await sweep(due);
      if (pending.size === 0) return nothing;
      let next = Number.POSITIVE_INFINITY;
      for (const { dueMs } of pending.values()) next = Math.min(next, dueMs);
      // Together with those that come soon after the first.
      return wait(Math.max(1_000, next - deps.clock.monotonic()), 'clusters are swept 30 s after they were made');
    },
  };
}
