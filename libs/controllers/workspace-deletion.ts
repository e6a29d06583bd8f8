/**
 * Deletes a workspace with everything in it, wherever its logical cluster is: here, where the last commit removes what is left together with the
 * Workspace; or on another shard, which is told to, and whose answer, or feed, says when it is done. And deletes logical clusters of this shard whose
 * Workspace is elsewhere, or which have none.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '@kcp-ts/api';
import { withCondition } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, flagFinalizers, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, Workspace } from '@kcp-ts/tenancy';
import { clusterNameAnnotation, phaseLabel, shardAnnotation, workspaceFinalizer } from '@kcp-ts/tenancy';
import type { ClusterRemoval } from './cluster-removal.ts';
import { remainingMessage } from './cluster-removal.ts';
import type { OtherShards } from './other-shards.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain, eachBatch, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceDeletionDependencies extends ControllerDependencies {
  /** `tenancy.kcp.io/workspaces/<identity>/`. */
  workspacesPrefix(): string;
  logicalClusterKey(cluster: string): string;
  readonly removal: ClusterRemoval;
  readonly otherShards: OtherShards;
}

const remainingRetryMs = 2_000;
const logicalClustersPrefix = 'core.kcp.io/logicalclusters/-/';

// check-allow function-length -- one reconciler: its functions are the steps of a removal
export function createWorkspaceDeletion(deps: WorkspaceDeletionDependencies): Controller {
  const workspaces = () => deps.served('tenancy.kcp.io', 'workspaces');
  /** Clusters that wait for finalizers or nested workspaces, to the key that goes with them: a deletion in them wakes us. */
  const waiting = new Map<string, string>();

  /** The Workspace goes with the last of its content, unless others hold it. */
  function lastOperation(entry: Entry, workspace: Workspace): Operation {
    const finalizers = (workspace.metadata.finalizers ?? []).filter((text) => text !== workspaceFinalizer);
    if (finalizers.length === 0) return { op: 'delete', key: entry.key, expect: entry.revision };
    workspace.metadata.finalizers = finalizers;
    return replaceOperation(deps, workspaces(), entry, workspace);
  }

  async function report(
    decision: Decision,
    entry: Entry,
    workspace: Workspace,
    message: string,
  ): Promise<number | undefined> {
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
    if (isDeepStrictEqual(next, workspace.status)) return remainingRetryMs;
    workspace.status = next;
    workspace.metadata.labels = labels;
    return (await decision.commit([replaceOperation(deps, workspaces(), entry, workspace)]))
      ? remainingRetryMs
      : lostRaceMs;
  }

  async function finish(decision: Decision, entry: Entry, workspace: Workspace): Promise<number | undefined> {
    return commitOrAgain(decision, [lastOperation(entry, workspace)]);
  }

  async function removeElsewhere(
    decision: Decision,
    entry: Entry,
    workspace: Workspace,
    shard: string,
    cluster: string,
  ): Promise<number | undefined> {
    const outcome = await deps.otherShards.deleteCluster(shard, { cluster, ownerUid: workspace.metadata.uid ?? '' });
    return outcome.gone ? finish(decision, entry, workspace) : report(decision, entry, workspace, outcome.message);
  }

  async function removeWorkspace(decision: Decision, entry: Entry): Promise<number | undefined> {
    const workspace = objectOf<Workspace>(workspaces(), entry);
    const { finalizers = [], annotations } = workspace.metadata;
    // Others go first: ours is the last finalizer to be acted on.
    if (!finalizers.includes(workspaceFinalizer) || finalizers.length > 1) return undefined;
    const cluster = workspace.spec?.cluster ?? annotations?.[clusterNameAnnotation];
    if (cluster === undefined) return finish(decision, entry, workspace);
    const shard = annotations?.[shardAnnotation];
    if (shard !== undefined && shard !== deps.otherShards.ownShard)
      return removeElsewhere(decision, entry, workspace, shard, cluster);
    const { name, uid = '' } = workspace.metadata;
    const owner = { cluster: parseKey(entry.key).cluster, name, uid };
    const outcome = await deps.removal.remove(
      decision,
      cluster,
      lastOperation(entry, structuredClone(workspace)),
      owner,
    );
    // The cluster belongs to somebody else: the Workspace goes alone.
    if (outcome.status === 'not-owned') return finish(decision, entry, workspace);
    return settle(cluster, entry.key, outcome.status, () =>
      report(decision, entry, workspace, outcome.status === 'waiting' ? remainingMessage(outcome.remaining) : ''),
    );
  }

  async function settle(
    cluster: string,
    key: string,
    status: 'gone' | 'raced' | 'waiting',
    onWaiting: () => Promise<number | undefined>,
  ): Promise<number | undefined> {
    if (status === 'raced') return lostRaceMs;
    if (status === 'gone') {
      waiting.delete(cluster);
      return undefined;
    }
    waiting.set(cluster, key);
    return onWaiting();
  }

  async function removeCluster(decision: Decision, entry: Entry): Promise<number | undefined> {
    const cluster = clusterOf(entry.key);
    const outcome = await deps.removal.remove(decision, cluster, undefined);
    if (outcome.status === 'not-owned') return undefined;
    return settle(cluster, entry.key, outcome.status, async () => remainingRetryMs);
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

  return {
    name: 'workspace-deletion',
    wake({ event, parts }) {
      const { key, type, value } = event;
      const keys: string[] = [];
      if (type === 'put' && isDeleting(value)) {
        if (key.startsWith(deps.workspacesPrefix())) keys.push(key);
        else if (key.startsWith(logicalClustersPrefix) && standsAlone(value)) keys.push(key);
      }
      const waiter = waiting.size === 0 ? undefined : waiting.get(parts.cluster);
      if (waiter !== undefined && (type === 'delete' || (storedFlags(value) & flagFinalizers) === 0)) keys.push(waiter);
      return keys;
    },
    async *resume() {
      yield* keysToResume(deps.store, deps.workspacesPrefix(), (entry) => isDeleting(entry.value));
      for await (const entries of eachBatch(deps.store, { prefix: logicalClustersPrefix }))
        for (const entry of entries) if (isDeleting(entry.value) && standsAlone(entry.value)) yield entry.key;
    },
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined || !isDeleting(entry.value)) return undefined;
      return key.startsWith(logicalClustersPrefix) ? removeCluster(decision, entry) : removeWorkspace(decision, entry);
    },
  };
}

function clusterOf(key: string): string {
  return key.slice(logicalClustersPrefix.length, key.indexOf('/', logicalClustersPrefix.length));
}
