/**
 * Deletes a workspace with everything in it: its logical cluster takes no new content from the moment it is marked, nested workspaces go the same
 * way, objects with foreign finalizers stay until those are gone, and the last commit removes what is left together with the Workspace.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '@kcp-ts/controller';
import type { Condition, KubeObject } from '@kcp-ts/meta';
import { withCondition } from '@kcp-ts/meta';
import type { Entry, Operation } from '@kcp-ts/storage';
import { flagDeleting, flagFinalizers, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster, Workspace } from '@kcp-ts/tenancy';
import { logicalClusterFinalizer, phaseLabel, phaseLabels, workspaceFinalizer } from '@kcp-ts/tenancy';
import { removeOperation } from './delete-instances.ts';
import type { ControllerNeeds } from './writer.ts';
import { committed, eachPiece, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceDeletionNeeds extends ControllerNeeds {
  /** `tenancy.kcp.io/workspaces/<identity>/`. */
  workspacesPrefix(): string;
  logicalClusterKey(cluster: string): string;
}

const batch = 100;
const remainingRetryMs = 2_000;
const remainingShown = 5;

/** Finalizers that mean work of ours, which the removal of the whole cluster makes needless. */
const ownFinalizers = new Set([
  'apis.kcp.io/apibinding-finalizer',
  'customresourcecleanup.apiextensions.k8s.io',
  'foregroundDeletion',
  'orphan',
  logicalClusterFinalizer,
]);

interface Content {
  /** What can go at once. */
  readonly operations: readonly Operation[];
  /** What has to wait, by resource. */
  readonly waiting: ReadonlyMap<string, number>;
}

function hasForeignFinalizer(entry: Entry): boolean {
  if ((storedFlags(entry.value) & flagFinalizers) === 0) return false;
  return (parseStored<KubeObject>(entry.value).metadata.finalizers ?? []).some(
    (finalizer) => !ownFinalizers.has(finalizer),
  );
}

/** What serves others in the workspace goes last: who clears finalizers may still need it. */
function goesLast(resource: string): boolean {
  return /^(?:apibindings|customresourcedefinitions|clusterroles|clusterrolebindings|roles|rolebindings|namespaces|logicalclusters)$/.test(
    resource,
  );
}

export function createWorkspaceDeletion(needs: WorkspaceDeletionNeeds): Controller {
  const workspaces = () => needs.served('tenancy.kcp.io', 'workspaces');
  const logicalClusters = () => needs.served('core.kcp.io', 'logicalclusters');
  /** Clusters that wait for finalizers or nested workspaces, to the Workspace that goes with them: a deletion in them wakes us. */
  const waiting = new Map<string, string>();

  /** From here on the cluster takes no new content. */
  async function markCluster(cluster: string): Promise<boolean> {
    const entry = needs.store.peek(needs.logicalClusterKey(cluster));
    if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return true;
    const object = objectOf<LogicalCluster>(logicalClusters(), entry);
    object.metadata.deletionTimestamp = timestamp(needs);
    object.metadata.deletionGracePeriodSeconds = 0;
    object.metadata.labels = { ...object.metadata.labels, ...phaseLabels('Deleting', [], []) };
    object.status = { ...object.status, phase: 'Deleting' };
    return committed(needs, [replaceOperation(needs, logicalClusters(), entry, object)]);
  }

  async function contentOf(cluster: string): Promise<Content> {
    const operations: Operation[] = [];
    const last: Operation[] = [];
    const blocked = new Map<string, number>();
    const now = timestamp(needs);
    for await (const entries of eachPiece(needs.store, { cluster })) {
      for (const entry of entries) {
        const { group, resource } = parseKey(entry.key);
        const name = group === '' ? resource : `${resource}.${group}`;
        const nested = entry.key.startsWith(needs.workspacesPrefix()) && !isUnscheduled(entry);
        if (nested || hasForeignFinalizer(entry)) {
          const mark = removeOperation(needs, entry, now);
          if (mark !== undefined) operations.push(mark);
          blocked.set(name, (blocked.get(name) ?? 0) + 1);
        } else (goesLast(resource) ? last : operations).push({ op: 'delete', key: entry.key, expect: entry.revision });
      }
    }
    return { operations: blocked.size === 0 ? [...operations, ...last] : operations, waiting: blocked };
  }

  /** A workspace that never got a cluster is an object like any other. */
  function isUnscheduled(entry: Entry): boolean {
    return (storedFlags(entry.value) & flagFinalizers) === 0;
  }

  async function commitInBatches(operations: readonly Operation[], last: Operation | undefined): Promise<boolean> {
    for (let i = 0; i < operations.length || (i === 0 && last !== undefined); i += batch) {
      const piece = operations.slice(i, i + batch);
      const final = i + batch >= operations.length;
      if (!(await committed(needs, final && last !== undefined ? [...piece, last] : piece))) return false;
    }
    return true;
  }

  /** The Workspace goes with the last of its content, unless others hold it. */
  function lastOperation(entry: Entry, workspace: Workspace): Operation {
    const finalizers = (workspace.metadata.finalizers ?? []).filter((text) => text !== workspaceFinalizer);
    if (finalizers.length === 0) return { op: 'delete', key: entry.key, expect: entry.revision };
    workspace.metadata.finalizers = finalizers;
    return replaceOperation(needs, workspaces(), entry, workspace);
  }

  async function report(
    entry: Entry,
    workspace: Workspace,
    blocked: ReadonlyMap<string, number>,
  ): Promise<number | undefined> {
    const texts = [...blocked]
      .slice(0, remainingShown)
      .map(([name, count]) => `${name} has ${count} resource instances`);
    const message = `Some resources are remaining: ${texts.join(', ')}`;
    const change = {
      type: 'WorkspaceContentDeleted',
      status: 'False',
      severity: 'Info',
      reason: 'SomeResourcesRemain',
      message,
    } as const;
    const conditions: Condition[] = withCondition(workspace.status?.conditions ?? [], change, timestamp(needs));
    const labels = { ...workspace.metadata.labels, [phaseLabel]: 'Deleting' };
    const next = { ...workspace.status, phase: 'Deleting', conditions };
    if (isDeepStrictEqual(next, workspace.status)) return remainingRetryMs;
    workspace.status = next;
    workspace.metadata.labels = labels;
    return (await committed(needs, [replaceOperation(needs, workspaces(), entry, workspace)]))
      ? remainingRetryMs
      : lostRaceMs;
  }

  async function remove(entry: Entry): Promise<number | undefined> {
    const workspace = objectOf<Workspace>(workspaces(), entry);
    const finalizers = workspace.metadata.finalizers ?? [];
    // Others go first: ours is the last finalizer to be acted on.
    if (!finalizers.includes(workspaceFinalizer) || finalizers.length > 1) return undefined;
    const cluster = workspace.spec?.cluster;
    if (cluster === undefined)
      return (await committed(needs, [lastOperation(entry, workspace)])) ? undefined : lostRaceMs;
    if (!(await markCluster(cluster))) return lostRaceMs;
    const content = await contentOf(cluster);
    if (content.waiting.size > 0) {
      waiting.set(cluster, entry.key);
      if (!(await commitInBatches(content.operations, undefined))) return lostRaceMs;
      return report(entry, workspace, content.waiting);
    }
    waiting.delete(cluster);
    return (await commitInBatches(content.operations, lastOperation(entry, workspace))) ? undefined : lostRaceMs;
  }

  return {
    name: 'workspace-deletion',
    wake({ event, parts }) {
      const { key, type, value } = event;
      const keys: string[] = [];
      if (type === 'put' && key.startsWith(needs.workspacesPrefix()) && (storedFlags(value) & flagDeleting) !== 0)
        keys.push(key);
      const parent = waiting.size === 0 ? undefined : waiting.get(parts.cluster);
      if (parent !== undefined && (type === 'delete' || (storedFlags(value) & flagFinalizers) === 0)) keys.push(parent);
      return keys;
    },
    resume: () =>
      keysToResume(needs.store, needs.workspacesPrefix(), (entry) => (storedFlags(entry.value) & flagDeleting) !== 0),
    async reconcile(key) {
      const entry = needs.store.peek(key);
      return entry === undefined || (storedFlags(entry.value) & flagDeleting) === 0 ? undefined : remove(entry);
    },
  };
}
