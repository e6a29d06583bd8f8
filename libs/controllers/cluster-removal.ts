/**
 * Takes a logical cluster away with everything in it: from the moment it is marked it takes no new content, nested workspaces go the same way, objects
 * with foreign finalizers stay until those are gone, and what is left goes in bounded commits.
 */
import type { KubeObject } from '@kcp-ts/meta';
import type { Entry, Operation } from '@kcp-ts/storage';
import { flagFinalizers, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { logicalClusterFinalizer, phaseLabels } from '@kcp-ts/tenancy';
import { removeOperation } from './delete-instances.ts';
import type { ControllerNeeds } from './writer.ts';
import { committed, cutIntoCommits, eachPiece, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface ClusterRemovalNeeds extends ControllerNeeds {
  /** `tenancy.kcp.io/workspaces/<identity>/`. */
  workspacesPrefix(): string;
  logicalClusterKey(cluster: string): string;
}

/** `raced`: somebody else wrote first, look again. `waiting`: what has to go by itself first, by resource. */
export type RemovalOutcome =
  | { readonly status: 'gone' }
  | { readonly status: 'raced' }
  | { readonly status: 'waiting'; readonly remaining: ReadonlyMap<string, number> };

export interface ClusterRemoval {
  /** Marks the cluster, and removes what can go. `last` goes with the last commit, when nothing has to wait. */
  remove(cluster: string, last: Operation | undefined): Promise<RemovalOutcome>;
}

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

/** A workspace that never got a place is an object like any other. */
function isUnscheduled(entry: Entry): boolean {
  return (storedFlags(entry.value) & flagFinalizers) === 0;
}

/** What remains, as a condition says it. */
export function remainingMessage(remaining: ReadonlyMap<string, number>): string {
  const texts = [...remaining]
    .slice(0, remainingShown)
    .map(([name, count]) => `${name} has ${count} resource instances`);
  return `Some resources are remaining: ${texts.join(', ')}`;
}

export function createClusterRemoval(needs: ClusterRemovalNeeds): ClusterRemoval {
  const logicalClusters = () => needs.served('core.kcp.io', 'logicalclusters');

  /** From here on the cluster takes no new content. */
  async function mark(cluster: string): Promise<boolean> {
    const entry = needs.store.peek(needs.logicalClusterKey(cluster));
    if (entry === undefined) return true;
    const object = objectOf<LogicalCluster>(logicalClusters(), entry);
    if (object.metadata.deletionTimestamp !== undefined && object.status?.phase === 'Deleting') return true;
    object.metadata.deletionTimestamp ??= timestamp(needs);
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
          const removal = removeOperation(needs, entry, now);
          if (removal !== undefined) operations.push(removal);
          blocked.set(name, (blocked.get(name) ?? 0) + 1);
        } else (goesLast(resource) ? last : operations).push({ op: 'delete', key: entry.key, expect: entry.revision });
      }
    }
    return { operations: blocked.size === 0 ? [...operations, ...last] : operations, waiting: blocked };
  }

  async function commitInBatches(operations: readonly Operation[], last: Operation | undefined): Promise<boolean> {
    const commits = cutIntoCommits(needs.store, operations);
    for (const commit of commits.slice(0, -1)) if (!(await committed(needs, commit))) return false;
    const final = [...(commits.at(-1) ?? []), ...(last === undefined ? [] : [last])];
    return committed(needs, final);
  }

  return {
    async remove(cluster, last) {
      if (!(await mark(cluster))) return { status: 'raced' };
      const content = await contentOf(cluster);
      const waits = content.waiting.size > 0;
      if (!(await commitInBatches(content.operations, waits ? undefined : last))) return { status: 'raced' };
      return waits ? { status: 'waiting', remaining: content.waiting } : { status: 'gone' };
    },
  };
}
