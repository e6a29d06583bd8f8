/**
 * Who binds what: for each export the workspaces that are bound to it, and which bindings refer to it at all. Small, in memory, fed by the commits;
 * the views of providers and the wake-ups of controllers look here instead of asking every workspace.
 */
import type { KubeObject } from '@kcp-ts/meta';
import { isTrueCondition } from '@kcp-ts/meta';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix, clusterOfKey, exportLabel } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';
import { eachPiece } from './writer.ts';

export interface BindingIndex {
  /** Clusters with a binding to the export (by its hash) that has been bound. */
  consumers(exportHash: string): ReadonlySet<string>;
  /** Keys of all bindings that refer to the export. */
  bindings(exportHash: string): ReadonlySet<string>;
  /** Hashes of the exports that anybody is bound to. */
  exports(): Iterable<string>;
  /** Fills the index from the store; until then it knows nothing. */
  load(): Promise<void>;
  changed(change: Change): void;
  /** Told when an export gets its first consumer or loses its last. */
  onTurn(listener: (exportHash: string) => void): void;
}

interface Known {
  readonly hash: string;
  readonly bound: boolean;
}

/** Of one workspace. */
const bindingsMax = 1_000;
const none: ReadonlySet<string> = new Set();

function known(object: KubeObject): Known | undefined {
  const hash = object.metadata.labels?.[exportLabel];
  if (hash === undefined) return undefined;
  return { hash, bound: isTrueCondition((object as ApiBinding).status?.conditions, 'InitialBindingCompleted') };
}

export function createBindingIndex(store: Store): BindingIndex {
  const consumers = new Map<string, Set<string>>();
  const bindings = new Map<string, Set<string>>();
  const listeners: ((exportHash: string) => void)[] = [];

  function insert(map: Map<string, Set<string>>, hash: string, value: string): boolean {
    let set = map.get(hash);
    if (set === undefined) {
      set = new Set();
      map.set(hash, set);
    }
    set.add(value);
    return set.size === 1;
  }

  function drop(map: Map<string, Set<string>>, hash: string, value: string): boolean {
    const set = map.get(hash);
    if (set?.delete(value) !== true || set.size > 0) return false;
    map.delete(hash);
    return true;
  }

  function put(key: string, next: Known | undefined): void {
    if (next === undefined) return;
    insert(bindings, next.hash, key);
    const cluster = clusterOfKey(key, bindingsPrefix);
    const before = consumers.get(next.hash)?.size ?? 0;
    if (next.bound) insert(consumers, next.hash, cluster);
    if (before === 0 && next.bound) for (const listener of listeners) listener(next.hash);
  }

  /** A workspace may bind an export of nothing but claims more than once. */
  function bindsStill(cluster: string, hash: string): boolean {
    return store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax).some((entry) => {
      const other = known(parseStored<KubeObject>(entry.value));
      return other?.hash === hash && other.bound;
    });
  }

  function remove(key: string, last: Known | undefined): void {
    if (last === undefined) return;
    drop(bindings, last.hash, key);
    const cluster = clusterOfKey(key, bindingsPrefix);
    if (consumers.get(last.hash)?.has(cluster) !== true || bindsStill(cluster, last.hash)) return;
    if (drop(consumers, last.hash, cluster)) for (const listener of listeners) listener(last.hash);
  }

  return {
    consumers: (hash) => consumers.get(hash) ?? none,
    bindings: (hash) => bindings.get(hash) ?? none,
    exports: () => [...consumers.keys()],
    async load() {
      for await (const entries of eachPiece(store, { prefix: bindingsPrefix }))
        for (const entry of entries) put(entry.key, known(parseStored<KubeObject>(entry.value)));
    },
    changed({ event }) {
      if (!event.key.startsWith(bindingsPrefix)) return;
      const object = known(parseStored<KubeObject>(event.value));
      if (event.type === 'delete') remove(event.key, object);
      else put(event.key, object);
    },
    onTurn: (listener) => void listeners.push(listener),
  };
}
