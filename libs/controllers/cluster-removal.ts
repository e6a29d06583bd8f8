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

/** The Workspace that a logical cluster must belong to. */
export interface ClusterOwner {
  readonly cluster: string;
  readonly name: string;
  readonly uid: string;
}

/** `raced`: somebody else wrote first, look again. `waiting`: what has to go by itself first, by resource. */
export type RemovalOutcome =
  | { readonly status: 'gone' }
  /** There is none, or it belongs to another Workspace or to none: nothing was touched. */
  | { readonly status: 'not-owned' }
  | { readonly status: 'raced' }
  | { readonly status: 'waiting'; readonly remaining: ReadonlyMap<string, number> };

export interface ClusterRemoval {
  /**
   * Marks the cluster, and removes what can go. `last` goes with the last commit, when nothing has to wait. Where an owner is given, nothing is done to a
   * cluster whose `spec.owner` is not that very Workspace; without one, the caller has seen the LogicalCluster and may remove it.
   */
  remove(cluster: string, last: Operation | undefined, owner?: ClusterOwner): Promise<RemovalOutcome>;
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
  return /^(?:apibindings|customresourcedefinitions|clusterroles|clusterrolebindings|roles|rolebindings|namespaces)$/.test(
    resource,
  );
}

/** A workspace that never got a place is an object like any other. */
function isUnscheduled(entry: Entry): boolean {
  return (storedFlags(entry.value) & flagFinalizers) === 0;
}

function isOwnedBy({ spec }: LogicalCluster, { cluster, name, uid }: ClusterOwner): boolean {
  const owner = spec?.owner;
  return owner?.cluster === cluster && owner.name === name && owner.uid === uid;
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
  async function mark(cluster: string, owner: ClusterOwner | undefined): Promise<'marked' | 'raced' | 'not-owned'> {
    const entry = needs.store.peek(needs.logicalClusterKey(cluster));
    // It goes with the last of its content, so there is nothing left: and what has none, as the system's clusters, belongs to no Workspace.
    if (entry === undefined) return 'not-owned';
    const object = objectOf<LogicalCluster>(logicalClusters(), entry);
    if (owner !== undefined && !isOwnedBy(object, owner)) return 'not-owned';
    if (object.metadata.deletionTimestamp !== undefined && object.status?.phase === 'Deleting') return 'marked';
    object.metadata.deletionTimestamp ??= timestamp(needs);
    object.metadata.deletionGracePeriodSeconds = 0;
    object.metadata.labels = { ...object.metadata.labels, ...phaseLabels('Deleting', [], []) };
    object.status = { ...object.status, phase: 'Deleting' };
    return (await committed(needs, [replaceOperation(needs, logicalClusters(), entry, object)])) ? 'marked' : 'raced';
  }

  async function contentOf(cluster: string): Promise<Content> {
    const operations: Operation[] = [];
    const last: Operation[] = [];
    const own = needs.logicalClusterKey(cluster);
    /** The very last: while it is there, it says to whom the rest belongs. */
    const logicalCluster: Operation[] = [];
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
        } else {
          const list = entry.key === own ? logicalCluster : goesLast(resource) ? last : operations;
          list.push({ op: 'delete', key: entry.key, expect: entry.revision });
        }
      }
    }
    return {
      operations: blocked.size === 0 ? [...operations, ...last, ...logicalCluster] : operations,
      waiting: blocked,
    };
  }

  async function commitInBatches(operations: readonly Operation[], last: Operation | undefined): Promise<boolean> {
    const commits = cutIntoCommits(needs.store, operations);
    for (const commit of commits.slice(0, -1)) if (!(await committed(needs, commit))) return false;
    const final = [...(commits.at(-1) ?? []), ...(last === undefined ? [] : [last])];
    return committed(needs, final);
  }

  return {
    async remove(cluster, last, owner) {
      const marked = await mark(cluster, owner);
      if (marked !== 'marked') return { status: marked };
      const content = await contentOf(cluster);
      const waits = content.waiting.size > 0;
      if (!(await commitInBatches(content.operations, waits ? undefined : last))) return { status: 'raced' };
      return waits ? { status: 'waiting', remaining: content.waiting } : { status: 'gone' };
    },
  };
}
