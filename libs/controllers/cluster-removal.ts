/**
 * Takes a logical cluster away with everything in it: from the moment it is being deleted it takes
 * no new content, nested workspaces go the same way, objects with foreign finalizers stay until
 * those are gone, and what is left goes in bounded commits. A foreign finalizer on the
 * LogicalCluster keeps only the LogicalCluster.
 */
import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { withCondition } from '@kcp-ts/api';
import { bindingFinalizer } from '@kcp-ts/sharing';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch, flagFinalizers, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { logicalClusterFinalizer, logicalClusterKey, phaseLabels, terminatorsFinalizer } from '@kcp-ts/tenancy';
import { removeOperation } from './delete-instances.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface ClusterRemovalDependencies extends ControllerDependencies {
  /** `tenancy.kcp.io/workspaces/<identity>/`. */
  workspacesPrefix(): string;
}

/** The Workspace that a logical cluster must belong to. */
export interface ClusterOwner {
  readonly cluster: LogicalClusterName;
  readonly name: string;
  readonly uid: string;
}

/**
 * `conflict`: another writer was faster, remove again. `waiting`: what has to go by itself first,
 * by resource.
 */
export type RemovalOutcome =
  | { readonly status: 'gone' }
  /** There is none, or it belongs to another Workspace or to none: nothing was touched. */
  | { readonly status: 'not-owned' }
  | { readonly status: 'conflict' }
  | { readonly status: 'waiting'; readonly remaining: ReadonlyMap<string, number> };

export interface ClusterRemoval {
  /**
   * Sets the cluster deleting, and removes what can go. The LogicalCluster goes by itself, in a
   * commit that relies on nothing else being there, and `last` with it. Where an owner is given,
   * nothing is done to a cluster whose `spec.owner` is not that very Workspace; without one, the
   * caller has seen the LogicalCluster and may remove it.
   */
  remove(
    decision: Decision,
    cluster: LogicalClusterName,
    last: Operation | undefined,
    owner?: ClusterOwner,
  ): Promise<RemovalOutcome>;
}

const remainingShown = 5;

/** Finalizers that mean work of ours, which the removal of the whole cluster makes needless. */
const ownFinalizers = new Set([
  bindingFinalizer,
  'customresourcecleanup.apiextensions.k8s.io',
  'foregroundDeletion',
  'orphan',
  logicalClusterFinalizer,
]);

/**
 * Our finalizers on the LogicalCluster itself: removed when its content is gone, even if a foreign
 * finalizer still keeps the LogicalCluster.
 */
const ownClusterFinalizers = new Set([...ownFinalizers, terminatorsFinalizer]);

interface Content {
  /** What can go at once. */
  readonly operations: readonly Operation[];
  /** What goes when nothing else is left. */
  readonly last: readonly Operation[];
  readonly waiting: ReadonlyMap<string, number>;
}

function hasForeignFinalizer(entry: Entry): boolean {
  if ((storedFlags(entry.value) & flagFinalizers) === 0) return false;
  return (parseStored<KubeObject>(entry.value).metadata.finalizers ?? []).some(
    (finalizer) => !ownFinalizers.has(finalizer),
  );
}

/**
 * What serves others in the workspace goes last: who clears finalizers may still need it, and the
 * instances of a binding go while its provider sees them.
 */
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

/**
 * Where one commit fails, the others go on: a client that writes all the time holds up what it
 * writes, and nothing else.
 */
async function commitEach(
  { store }: Pick<ClusterRemovalDependencies, 'store'>,
  decision: Decision,
  operations: readonly Operation[],
): Promise<boolean> {
  let all = true;
  for (const commit of cutIntoCommits(store, operations)) if (!(await decision.commit(commit))) all = false;
  return all;
}

export function createClusterRemoval(deps: ClusterRemovalDependencies): ClusterRemoval {
  const logicalClusters = () => deps.served('core.kcp.io', 'logicalclusters');

  /** From here on the cluster takes no new content. */
  async function setDeleting(
    decision: Decision,
    cluster: LogicalClusterName,
    owner: ClusterOwner | undefined,
  ): Promise<'deleting' | 'conflict' | 'not-owned'> {
    const entry = decision.peek(logicalClusterKey(cluster));
    // It goes with the last of its content, so there is nothing left: and what has none, as the
    // system's clusters, belongs to no Workspace.
    if (entry === undefined) return 'not-owned';
    const object = objectOf<LogicalCluster>(logicalClusters(), entry);
    if (owner !== undefined && !isOwnedBy(object, owner)) return 'not-owned';
    if (object.metadata.deletionTimestamp !== undefined && object.status?.phase === 'Deleting') return 'deleting';
    object.metadata.deletionTimestamp ??= timestamp(deps);
    object.metadata.deletionGracePeriodSeconds = 0;
    object.metadata.labels = { ...object.metadata.labels, ...phaseLabels('Deleting', [], []) };
    object.status = { ...object.status, phase: 'Deleting' };
    return (await decision.commit([replaceOperation(deps, logicalClusters(), entry, object)]))
      ? 'deleting'
      : 'conflict';
  }

  /** All but the LogicalCluster: while it is there, it says which owner the rest belongs to. */
  async function contentOf(cluster: LogicalClusterName): Promise<Content> {
    const operations: Operation[] = [];
    const last: Operation[] = [];
    const own = logicalClusterKey(cluster);
    const blocked = new Map<string, number>();
    const now = timestamp(deps);
    for await (const entries of eachBatch(deps.store, { cluster })) {
      for (const entry of entries) {
        if (entry.key === own) continue;
        const { group, resource } = parseKey(entry.key);
        const name = group === '' ? resource : `${resource}.${group}`;
        const nested = entry.key.startsWith(deps.workspacesPrefix()) && !isUnscheduled(entry);
        if (nested || hasForeignFinalizer(entry)) {
          const removal = removeOperation(deps, entry, now);
          if (removal !== undefined) operations.push(removal);
          blocked.set(name, (blocked.get(name) ?? 0) + 1);
        } else {
          const list = goesLast(resource) ? last : operations;
          list.push({ op: 'delete', key: entry.key, expect: entry.revision });
        }
      }
    }
    return { operations, last, waiting: blocked };
  }

  /**
   * Removes our finalizers from a LogicalCluster whose content is gone; undefined if that has been
   * done.
   */
  function keptBy(own: Entry, foreign: readonly string[]): Operation | undefined {
    const object = objectOf<LogicalCluster>(logicalClusters(), own);
    if (object.metadata.finalizers?.length === foreign.length) return undefined;
    object.metadata.finalizers = [...foreign];
    const deleted = { type: 'WorkspaceContentDeleted', status: 'True' } as const;
    const conditions = withCondition(object.status?.conditions ?? [], deleted, timestamp(deps));
    object.status = { ...object.status, conditions };
    return replaceOperation(deps, logicalClusters(), own, object);
  }

  /** The end of the cluster, where nothing else is in it, not even what is on its way. */
  async function finish(
    decision: Decision,
    cluster: LogicalClusterName,
    last: Operation | undefined,
  ): Promise<RemovalOutcome> {
    const own = decision.peek(logicalClusterKey(cluster));
    if (own === undefined) return { status: 'conflict' };
    decision.relyOn({ cluster });
    if (deps.store.scan({ cluster }, 2).some(({ key }) => key !== own.key)) return { status: 'conflict' };
    const foreign = (parseStored<KubeObject>(own.value).metadata.finalizers ?? []).filter(
      (finalizer) => !ownClusterFinalizers.has(finalizer),
    );
    if (foreign.length > 0) {
      const kept = keptBy(own, foreign);
      if (kept !== undefined && !(await decision.commit([kept]))) return { status: 'conflict' };
      return { status: 'waiting', remaining: new Map([['logicalclusters.core.kcp.io', 1]]) };
    }
    const operation: Operation = { op: 'delete', key: own.key, expect: own.revision };
    const gone = await decision.commit(last === undefined ? [operation] : [operation, last]);
    return { status: gone ? 'gone' : 'conflict' };
  }

  return {
    async remove(decision, cluster, last, owner) {
      const started = await setDeleting(decision, cluster, owner);
      if (started !== 'deleting') return { status: started };
      const content = await contentOf(cluster);
      if (!(await commitEach(deps, decision, content.operations))) return { status: 'conflict' };
      if (content.waiting.size > 0) return { status: 'waiting', remaining: content.waiting };
      if (!(await commitEach(deps, decision, content.last))) return { status: 'conflict' };
      return finish(decision, cluster, last);
    },
  };
}
