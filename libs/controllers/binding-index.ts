/**
 * Who binds what: for each export the workspaces that are bound to it, and which bindings refer to
 * it at all. Small, in memory, fed by the commits; the views of providers and the watches of
 * controllers look here instead of asking every workspace.
 */
import type { KubeObject, LogicalClusterName, Revision } from '@kcp-ts/api';
import { isTrueCondition, revisionZero } from '@kcp-ts/api';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix, boundName, clusterOfKey, exportLabel } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { eachBatch, parseStored } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';
import { LRUCache } from 'lru-cache';

export interface BindingIndex {
  /**
   * Clusters with a binding to the export (by its hash) that has bound something, each with what it
   * has bound of it, as `boundName` writes it.
   */
  consumers(exportHash: string): ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Whether a cluster had bound a resource (as `boundName` writes it) of an export at a revision;
   * `unknown` for one that is too long ago.
   */
  wasBound(exportHash: string, cluster: LogicalClusterName, name: string, at: Revision): boolean | 'unknown';
  /** Keys of all bindings that refer to the export. */
  bindings(exportHash: string): ReadonlySet<string>;
  /** Hashes of the exports that anybody is bound to. */
  exports(): Iterable<string>;
  /** Fills the index from the store; until then it knows nothing. */
  load(): Promise<void>;
  changed(change: Change): void;
  /** Called when an export gets its first consumer or loses its last. */
  onTurn(listener: (exportHash: string) => void): Disposable;
}

interface Known {
  readonly hash: string;
  /** What is bound; undefined before anything is. */
  readonly resources: ReadonlySet<string> | undefined;
}

/** Of one workspace. */
const bindingsMax = 1_000;
/** Sets of bound resources that are one value for all their consumers. */
const sharedSetsMax = 1_000;
/**
 * Consumers that have left and are remembered, so that a watch gets the last that happened there.
 */
const leftMax = 10_000;
/**
 * How often one of them may have come and left; of more, and of what lies longer ago, a watch has
 * to begin again.
 */
const staysMax = 20;

interface Stay {
  readonly resources: ReadonlySet<string>;
  /** From the oldest of its bindings on, up to when it left. */
  readonly since: Revision;
  readonly at: Revision;
}

/** Of a consumer that has left, maybe often: a watch that resumes from before gets each time. */
interface Left {
  /** The oldest first. */
  readonly stays: readonly Stay[];
  /** Stays up to here are forgotten. */
  readonly unknownUpTo: Revision;
}

const noBindings: ReadonlySet<string> = new Set();
const noConsumers: ReadonlyMap<string, ReadonlySet<string>> = new Map();

// check-allow function-length -- one index, and each function reads or writes its maps
export function createBindingIndex(store: Store): BindingIndex {
  const consumers = new Map<string, Map<string, ReadonlySet<string>>>();
  /**
   * For each consumer, when the oldest of its bindings to the export was made: what happened there
   * before is not the export's to show.
   */
  const since = new Map<string, Map<string, Revision>>();
  const bindings = new Map<string, Set<string>>();
  const listeners = new Set<(exportHash: string) => void>();
  const sharedSets = new LRUCache<string, ReadonlySet<string>>({ max: sharedSetsMax });
  /**
   * Who had bound what before this revision is not known: from before the index was filled, or
   * forgotten since. As of it, it is.
   */
  let unknownUpTo: Revision = revisionZero;
  /** By hash and cluster. */
  const left = new LRUCache<string, Left>({
    max: leftMax,
    dispose: ({ stays }, _key, reason) => {
      const { at } = stays.at(-1) ?? { at: revisionZero };
      if (reason === 'evict' && at > unknownUpTo) unknownUpTo = at;
    },
  });

  function shared(names: Iterable<string>): ReadonlySet<string> {
    const sorted = [...new Set(names)].sort();
    const id = sorted.join(' ');
    const found = sharedSets.get(id) ?? new Set(sorted);
    sharedSets.set(id, found);
    return found;
  }

  function known(object: KubeObject): Known | undefined {
    const hash = object.metadata.labels?.[exportLabel];
    if (hash === undefined) return undefined;
    const { status } = object as ApiBinding;
    const bound = status?.boundResources ?? [];
    // What a binding has is served, also where the rest conflicts with others or it has only just
    // been left to it: so its provider sees it.
    if (bound.length === 0 && !isTrueCondition(status?.conditions, 'InitialBindingCompleted'))
      return { hash, resources: undefined };
    return {
      hash,
      resources: shared(bound.map(({ group, resource, schema }) => boundName(group, resource, schema.identityHash))),
    };
  }

  function putBinding(hash: string, key: string): void {
    const keys = bindings.get(hash) ?? new Set<string>();
    bindings.set(hash, keys.add(key));
  }

  function noteSince(hash: string, cluster: LogicalClusterName, created: Revision | undefined): void {
    const known = since.get(hash) ?? new Map<string, Revision>();
    since.set(hash, known);
    if (created === undefined) known.delete(cluster);
    else known.set(cluster, created);
    if (known.size === 0) since.delete(hash);
  }

  function sinceOf(hash: string, cluster: LogicalClusterName): Revision {
    return since.get(hash)?.get(cluster) ?? (Number.POSITIVE_INFINITY as Revision);
  }

  function put(key: string, next: Known | undefined, created: Revision): void {
    if (next === undefined) return;
    const { hash, resources } = next;
    putBinding(hash, key);
    if (resources === undefined) return;
    const cluster = clusterOfKey(key, bindingsPrefix);
    if (created < sinceOf(hash, cluster)) noteSince(hash, cluster, created);
    const clusters = consumers.get(hash) ?? new Map<string, ReadonlySet<string>>();
    const before = clusters.get(cluster);
    if (before === resources) return;
    clusters.set(cluster, before === undefined ? resources : (boundOf(bindingsOf(cluster, hash)) ?? resources));
    if (clusters.size > 1 || before !== undefined) return;
    consumers.set(hash, clusters);
    for (const listener of listeners) listener(hash);
  }

  /**
   * What a workspace has bound of an export, by the store; undefined for nothing. It may have more
   * than one binding to an export.
   */
  function boundOf(found: ReturnType<typeof bindingsOf>): ReadonlySet<string> | undefined {
    return found.length === 0 ? undefined : shared(found.flatMap(({ resources }) => [...resources]));
  }

  function bindingsOf(cluster: LogicalClusterName, hash: string) {
    return store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax).flatMap((entry) => {
      const one = known(parseStored<KubeObject>(entry.value));
      if (one?.hash !== hash || one.resources === undefined) return [];
      return [{ resources: one.resources, created: entry.createRevision }];
    });
  }

  /** What history no longer has nobody can go on from. */
  function noteLeft(id: string, stay: Stay): void {
    const before = left.get(id);
    const floor = store.floor();
    const stays = [...(before?.stays ?? []).filter(({ at }) => at > floor), stay];
    const forgotten = stays.length > staysMax ? stays.shift()?.at : before?.unknownUpTo;
    left.set(id, { stays, unknownUpTo: forgotten ?? revisionZero });
  }

  function remove(key: string, last: Known | undefined, at: Revision): void {
    if (last === undefined) return;
    const { hash } = last;
    const keys = bindings.get(hash);
    if (keys?.delete(key) === true && keys.size === 0) bindings.delete(hash);
    const cluster = clusterOfKey(key, bindingsPrefix);
    const clusters = consumers.get(hash);
    if (clusters?.has(cluster) !== true) return;
    noteLeft(`${hash} ${cluster}`, {
      resources: clusters.get(cluster) ?? noBindings,
      since: sinceOf(hash, cluster),
      at,
    });
    const others = bindingsOf(cluster, hash);
    noteSince(
      hash,
      cluster,
      others.length === 0 ? undefined : (Math.min(...others.map(({ created }) => created)) as Revision),
    );
    const still = boundOf(others);
    if (still !== undefined) clusters.set(cluster, still);
    else if (clusters.delete(cluster) && clusters.size === 0) {
      consumers.delete(hash);
      for (const listener of listeners) listener(hash);
    }
  }

  return {
    consumers: (hash) => consumers.get(hash) ?? noConsumers,
    wasBound(hash, cluster, name, at) {
      if (consumers.get(hash)?.get(cluster)?.has(name) === true && at >= sinceOf(hash, cluster)) return true;
      const former = left.get(`${hash} ${cluster}`);
      if (former?.stays.some((stay) => at >= stay.since && at <= stay.at && stay.resources.has(name)) === true)
        return true;
      return at < unknownUpTo || (former !== undefined && at <= former.unknownUpTo) ? 'unknown' : false;
    },
    bindings: (hash) => bindings.get(hash) ?? noBindings,
    exports: () => [...consumers.keys()],
    async load() {
      for await (const entries of eachBatch(store, { prefix: bindingsPrefix }))
        for (const entry of entries) put(entry.key, known(parseStored<KubeObject>(entry.value)), entry.createRevision);
      unknownUpTo = store.currentRevision();
    },
    changed({ event }) {
      if (!event.key.startsWith(bindingsPrefix)) return;
      const object = known(parseStored<KubeObject>(event.value));
      if (event.type === 'delete') remove(event.key, object, event.revision);
      else put(event.key, object, event.createRevision);
    },
    onTurn(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
