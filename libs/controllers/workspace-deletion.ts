/**
 * Deletes a workspace with everything in it, wherever its logical cluster is: here, where the last
 * commit removes what is left together with the Workspace; or on another shard, which gets a
 * request for it, and whose answer, or feed, says when it is done. And deletes logical clusters of
 * this shard whose Workspace is on another shard, or which have none.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, LogicalClusterName } from '@kcp-ts/api';
import { withCondition } from '@kcp-ts/api';
import type { Controller, Outcome, Source, Watch } from '@kcp-ts/controller-runtime';
import { commit, conflict, nothing, wait } from '@kcp-ts/controller-runtime';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, flagFinalizers, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, ShardRequests, Workspace } from '@kcp-ts/tenancy';
import {
  clusterNameAnnotation,
  logicalClustersPrefix,
  phaseLabel,
  shardAnnotation,
  workspaceFinalizer,
} from '@kcp-ts/tenancy';
import type { ClusterRemoval, RemovalOutcome } from './cluster-removal.ts';
import { remainingMessage } from './cluster-removal.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceDeletionDependencies extends ControllerDependencies {
  /** `tenancy.kcp.io/workspaces/<identity>/`. */
  workspacesPrefix(): string;
  readonly removal: ClusterRemoval;
  readonly otherShards: ShardRequests;
  /** Workspaces of this shard whose logical cluster on another shard has changed, by key. */
  readonly clustersOfOtherShards: Source;
}

const waitForContent = wait(2_000, 'content of the logical cluster remains');

// check-allow function-length -- one reconciler: its functions are the steps of a removal
export function createWorkspaceDeletion(deps: WorkspaceDeletionDependencies): Controller {
  const workspaces = () => deps.served('tenancy.kcp.io', 'workspaces');
  /**
   * Clusters that wait for finalizers or nested workspaces, to the key to reconcile after a
   * deletion in them.
   */
  const waiting = new Map<string, string>();

  /** The Workspace goes with the last of its content, unless others hold it. */
  function lastOperation(entry: Entry, workspace: Workspace): Operation {
    const finalizers = (workspace.metadata.finalizers ?? []).filter((text) => text !== workspaceFinalizer);
    if (finalizers.length === 0) return { op: 'delete', key: entry.key, expect: entry.revision };
    workspace.metadata.finalizers = finalizers;
    return replaceOperation(deps, workspaces(), entry, workspace);
  }

  function report(entry: Entry, workspace: Workspace, message: string): Outcome {
    const change = {
      type: 'WorkspaceContentDeleted',
      status: 'False',
      severity: 'Info',
      reason: 'SomeResourcesRemain',
      message,
    } as const;
    const conditions: Condition[] = withCondition(workspace.status?.conditions ?? [], change, timestamp(deps));
    const labels = { ...workspace.metadata.labels, [phaseLabel]: 'Deleting' };
    const next = { ...workspace.status, phase: 'Deleting', conditions };
    if (isDeepStrictEqual(next, workspace.status)) return waitForContent;
    workspace.status = next;
    workspace.metadata.labels = labels;
    return commit([replaceOperation(deps, workspaces(), entry, workspace)], () => waitForContent);
  }

  function finish(entry: Entry, workspace: Workspace): Outcome {
    return commit([lastOperation(entry, workspace)]);
  }

  async function removeOnOtherShard(
    entry: Entry,
    workspace: Workspace,
    shard: string,
    cluster: LogicalClusterName,
  ): Promise<Outcome> {
    const outcome = await deps.otherShards.deleteCluster(shard, { cluster, ownerUid: workspace.metadata.uid ?? '' });
    return outcome.gone ? finish(entry, workspace) : report(entry, workspace, outcome.message);
  }

  async function removeWorkspace(decision: Decision, entry: Entry): Promise<Outcome> {
    const workspace = objectOf<Workspace>(workspaces(), entry);
    const { finalizers = [], annotations } = workspace.metadata;
    // Others go first: ours is the last finalizer to be acted on.
    if (!finalizers.includes(workspaceFinalizer) || finalizers.length > 1) return nothing;
    const cluster = workspace.spec?.cluster ?? annotations?.[clusterNameAnnotation];
    if (cluster === undefined) return finish(entry, workspace);
    const shard = annotations?.[shardAnnotation];
    if (shard !== undefined && shard !== deps.otherShards.ownShard)
      return removeOnOtherShard(entry, workspace, shard, cluster);
    const { name, uid = '' } = workspace.metadata;
    const owner = { cluster: parseKey(entry.key).cluster, name, uid };
    const outcome = await deps.removal.remove(
      decision,
      cluster,
      lastOperation(entry, structuredClone(workspace)),
      owner,
    );
    // The cluster belongs to another Workspace: the Workspace goes alone.
    if (outcome.status === 'not-owned') return finish(entry, workspace);
    return settle(cluster, entry.key, outcome, (remaining) => report(entry, workspace, remainingMessage(remaining)));
  }

  function settle(
    cluster: LogicalClusterName,
    key: string,
    outcome: Exclude<RemovalOutcome, { status: 'not-owned' }>,
    onWaiting: (remaining: ReadonlyMap<string, number>) => Outcome,
  ): Outcome {
    if (outcome.status === 'conflict') return conflict;
    if (outcome.status === 'gone') {
      waiting.delete(cluster);
      return nothing;
    }
    waiting.set(cluster, key);
    return onWaiting(outcome.remaining);
  }

  async function removeCluster(decision: Decision, entry: Entry): Promise<Outcome> {
    const cluster = clusterOf(entry.key);
    const outcome = await deps.removal.remove(decision, cluster, undefined);
    if (outcome.status === 'not-owned') return nothing;
    return settle(cluster, entry.key, outcome, () => waitForContent);
  }

  /** A cluster that no Workspace of this shard goes with. */
  function standsAlone(value: Uint8Array): boolean {
    const owner = parseStored<LogicalCluster>(value).spec?.owner;
    return (
      owner === undefined ||
      deps.store.peekHead(`${deps.workspacesPrefix()}${owner.cluster}//${owner.name}`) === undefined
    );
  }

  function isDeleting(value: Uint8Array): boolean {
    return (storedFlags(value) & flagDeleting) !== 0;
  }

  function isToRemove({ key, value }: Pick<Entry, 'key' | 'value'>): boolean {
    return isDeleting(value) && (!key.startsWith(logicalClustersPrefix) || standsAlone(value));
  }

  const deleting = (prefix: Watch['prefix']): Watch => ({
    prefix,
    initial: (entry) => (isToRemove(entry) ? [entry.key] : []),
    keys: ({ event }) => (event.type === 'put' && isToRemove(event) ? [event.key] : []),
  });

  return {
    name: 'workspace-deletion',
    watches: [
      deleting(deps.workspacesPrefix),
      deleting(logicalClustersPrefix),
      {
        prefix: '',
        // What a deleted cluster waits for has gone, or has lost its finalizers.
        keys(change) {
          const waiter = waiting.size === 0 ? undefined : waiting.get(change.parts.cluster);
          if (waiter === undefined) return [];
          const { type, value } = change.event;
          return type === 'delete' || (storedFlags(value) & flagFinalizers) === 0 ? [waiter] : [];
        },
      },
    ],
    sources: [deps.clustersOfOtherShards],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined || !isDeleting(entry.value)) return nothing;
      return key.startsWith(logicalClustersPrefix) ? removeCluster(decision, entry) : removeWorkspace(decision, entry);
    },
  };
}

function clusterOf(key: string): string {
  return key.slice(logicalClustersPrefix.length, key.indexOf('/', logicalClustersPrefix.length));
}
