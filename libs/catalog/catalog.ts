/**
 * Which resources a workspace serves. The answer is put together from components (built-in and
 * system definitions for all, one for each bound resource, one for each established CRD), cached
 * per cluster in a bounded map and shared between clusters with equal sets; a commit that changes a
 * CRD or an APIBinding makes that one be read again. Precedence: built-in and system, then bound,
 * then CRDs; a lower one with the same group and plural is hidden.
 */
import { hash } from 'node:crypto';
import type { ClusterName, KubeObject, LogicalClusterName, Revision } from '@kcp-ts/api';
import type { Slices, Turns } from '@kcp-ts/base';
import type { ApiSurface, ResourceOrigin, ServedResource } from '@kcp-ts/registry';
import { createApiSurface } from '@kcp-ts/registry';
import type { Entry, Store } from '@kcp-ts/storage';
import { compareKeys, parseStored, resourcePrefix } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import type { Component } from './component.ts';
import { boundResourcesOf } from './components.ts';

export interface Catalog {
  surface(cluster: ClusterName): ApiSurface;
  /**
   * Reads what a cluster serves, with turns for others between its definitions, where nothing of it
   * is known: hundreds of real ones take half a second. Undefined where it is known, or was read at
   * once. Who asks for the surface without it is answered as well, and reads in one piece.
   */
  prepare(cluster: ClusterName, turns: Turns): Promise<void> | undefined;
  /**
   * The CRD, or one of the bindings, that brings a cluster what comes from there, as it was when it
   * was read last; undefined where there is none.
   */
  originOf(
    cluster: ClusterName,
    served: Pick<ServedResource, 'origin' | 'identity' | 'definition'>,
  ): ResourceOrigin | undefined;
  /** To be called with every changed key, before its commit is acknowledged. */
  changed(key: string): void;
  /** The cluster is gone. */
  forget(cluster: LogicalClusterName): void;
  /** Built-in and system resources alone: what every workspace serves. */
  readonly base: ApiSurface;
  /**
   * The surface with these resources, shared with every other caller that asks for the same set.
   */
  intern(key: string, resources: () => readonly ServedResource[]): ApiSurface;
  size(): number;
}

export interface CatalogDependencies {
  readonly store: Store;
  readonly base: readonly ServedResource[];
  /** Components that an APIBinding brings; none where it is not bound yet. */
  componentsOfBinding(entry: Entry): readonly Component[];
  /** The component of a CRD; undefined where it is not established. */
  componentOfCrd(entry: Entry): Component | undefined;
  readonly clustersMax: number;
  readonly surfacesMax: number;
}

export const bindingsPrefix = resourcePrefix('apis.kcp.io', 'apibindings', '-');
export const crdsPrefix = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions', '-');
/**
 * More CRDs or bindings than this in one workspace are not served: a bound, far above Kubernetes'
 * own advice.
 */
const definitionsMax = 5_000;

/** Definitions that are read from the store at once. */
const pieceEntries = 50;

interface Brought {
  readonly key: string;
  readonly resources: readonly ServedResource[];
}

/** A CRD or binding as it was read. */
interface ReadDefinition {
  readonly createRevision: Revision;
  readonly brought: readonly Brought[];
}

/**
 * What the bindings and CRDs of a cluster bring, by their keys: where one changes, it alone is read
 * again.
 */
interface ClusterState {
  readonly byKey: Map<string, ReadDefinition>;
  /** Keys that have changed since they were read. */
  readonly changed: Set<string>;
  /** Kept while keys have changed: what it holds is what the next one is mostly made of. */
  surface: ApiSurface;
  stale: boolean;
}

function groupPlural(served: ServedResource): string {
  return `${served.definition.plural}.${served.definition.group}`;
}

function clusterOf(key: string, prefix: string): string {
  return key.slice(prefix.length, key.indexOf('/', prefix.length));
}

// check-allow function-length -- one cache, and each function reads or invalidates it
export function createCatalog(deps: CatalogDependencies): Catalog {
  const base = createApiSurface('base', deps.base);
  const taken = new Set(deps.base.map(groupPlural));
  const byCluster = new LRUCache<string, ClusterState>({ max: deps.clustersMax });
  /** For each cluster its bindings, by the export that they bind. */
  const bindings = new LRUCache<string, ReadonlyMap<string, ResourceOrigin>>({ max: deps.clustersMax });
  const byKey = new LRUCache<string, WeakRef<ApiSurface>>({ max: deps.surfacesMax });
  /** Clusters that are being read; what changes in them meanwhile is read again. */
  const preparing = new Map<string, { readonly state: ClusterState; readonly done: Promise<void> }>();

  function intern(key: string, resources: () => readonly ServedResource[]): ApiSurface {
    const known = byKey.get(key)?.deref();
    if (known !== undefined) return known;
    const surface = createApiSurface(key, resources());
    byKey.set(key, new WeakRef(surface));
    return surface;
  }

  function joined(components: readonly Brought[]): readonly ServedResource[] {
    const resources = [...deps.base];
    const names = new Set(taken);
    for (const component of components) {
      const added = component.resources.filter((served) => !names.has(groupPlural(served)));
      for (const served of added) names.add(groupPlural(served));
      resources.push(...added);
    }
    return resources;
  }

  function componentsOf(entry: Entry): readonly Component[] {
    if (entry.key.startsWith(bindingsPrefix)) return deps.componentsOfBinding(entry);
    const component = deps.componentOfCrd(entry);
    return component === undefined ? [] : [component];
  }

  /** False where a schema is not there yet: then the entry is read again with the next change. */
  function read(entry: Entry, into: ClusterState['byKey']): boolean {
    const brought = componentsOf(entry).map((component) => ({ key: component.key, resources: component.resources() }));
    if (brought.length > 0) into.set(entry.key, { createRevision: entry.createRevision, brought });
    else into.delete(entry.key);
    return brought.every(({ resources }) => resources.length > 0);
  }

  function emptyState(): ClusterState {
    return { byKey: new Map(), changed: new Set(), surface: base, stale: false };
  }

  /** Reads one definition after the other. */
  function* reading(cluster: ClusterName, state: ClusterState): Generator<undefined, void> {
    for (const start of [bindingsPrefix, crdsPrefix]) {
      const prefix = `${start}${cluster}/`;
      let after: string | undefined;
      for (let left = definitionsMax; left > 0; left -= pieceEntries) {
        const entries = deps.store.scan({ prefix }, Math.min(left, pieceEntries), after);
        for (const entry of entries) {
          if (!read(entry, state.byKey)) state.changed.add(entry.key);
          yield;
        }
        if (entries.length < pieceEntries) break;
        after = entries.at(-1)?.key;
      }
    }
  }

  function readAll(cluster: ClusterName): ClusterState {
    const state = emptyState();
    const steps = reading(cluster, state);
    while (steps.next().done !== true);
    state.surface = compute(state);
    return state;
  }

  /** Goes on reading; a promise where others get their turns first. */
  function inSlices(steps: Iterator<undefined, void>, slices: Slices): Promise<void> | undefined {
    while (steps.next().done !== true) {
      const pause = slices.pause();
      if (pause !== undefined) return pause.then(() => inSlices(steps, slices));
    }
    return undefined;
  }

  function prepare(cluster: ClusterName, turns: Turns): Promise<void> | undefined {
    if (byCluster.get(cluster) !== undefined) return undefined;
    const known = preparing.get(cluster);
    if (known !== undefined) return known.done;
    const state = emptyState();
    const keep = () => {
      state.surface = compute(state);
      byCluster.set(cluster, state);
    };
    const waiting = inSlices(reading(cluster, state), turns.begin());
    if (waiting === undefined) {
      keep();
      return undefined;
    }
    const isOwn = () => preparing.get(cluster)?.state === state;
    const done = waiting
      .then(() => {
        // What was forgotten meanwhile is not kept.
        if (isOwn()) keep();
      })
      .finally(() => {
        if (isOwn()) preparing.delete(cluster);
      });
    preparing.set(cluster, { state, done });
    return done;
  }

  function readChanged(state: ClusterState): void {
    for (const key of state.changed) {
      const entry = deps.store.get(key);
      if (entry === undefined) state.byKey.delete(key);
      if (entry === undefined || read(entry, state.byKey)) state.changed.delete(key);
    }
    state.surface = compute(state);
  }

  /** Bindings come before CRDs, each by name. */
  function inOrder({ byKey: components }: ClusterState): readonly Brought[] {
    const place = (key: string) => (key.startsWith(crdsPrefix) ? 1 : 0);
    const keys = [...components.keys()].sort((a, b) => place(a) - place(b) || compareKeys(a, b));
    return keys.flatMap((key) => components.get(key)?.brought ?? []);
  }

  function compute(state: ClusterState): ApiSurface {
    const components = inOrder(state);
    if (components.length === 0) return base;
    const keys = components.map((component) => component.key);
    const key = hash('sha256', keys.join('\n'), 'base64');
    return intern(key, () => joined(components));
  }

  /** When the definition was made from which the surface of a cluster was read. */
  function readAt(cluster: LogicalClusterName, key: string): Revision | undefined {
    return byCluster.peek(cluster)?.byKey.get(key)?.createRevision;
  }

  function bindingsOf(cluster: LogicalClusterName): ReadonlyMap<string, ResourceOrigin> {
    let found = bindings.get(cluster);
    if (found === undefined) {
      const keys = new Map<string, ResourceOrigin>();
      // By what is bound, and not by the export: several exports may bring the same resource, and
      // one binding leave it to another.
      for (const { key, value, createRevision } of deps.store.scan(
        { prefix: `${bindingsPrefix}${cluster}/` },
        definitionsMax,
      ))
        for (const { group, resource, identityHash } of boundResourcesOf(parseStored<KubeObject>(value)))
          keys.set(`${group}/${resource} ${identityHash}`, { key, createRevision });
      found = keys;
      bindings.set(cluster, found);
    }
    return found;
  }

  return {
    base,
    intern,
    prepare,
    originOf(cluster, { origin, identity, definition }) {
      if (origin.kind === 'builtin') return undefined;
      if (origin.kind === 'bound') {
        const bound = bindingsOf(cluster).get(`${definition.group}/${definition.plural} ${identity}`);
        if (bound === undefined) return undefined;
        return { key: bound.key, createRevision: readAt(cluster, bound.key) ?? bound.createRevision };
      }
      const key = `${crdsPrefix}${cluster}//${origin.name}`;
      const createRevision = readAt(cluster, key) ?? deps.store.head(key)?.createRevision;
      return createRevision === undefined ? undefined : { key, createRevision };
    },
    surface(cluster) {
      let known = byCluster.get(cluster);
      if (known === undefined) {
        known = readAll(cluster);
        byCluster.set(cluster, known);
      } else if (known.stale) {
        known.stale = false;
        readChanged(known);
      }
      return known.surface;
    },
    forget(cluster) {
      byCluster.delete(cluster);
      preparing.delete(cluster);
      bindings.delete(cluster);
    },
    changed(key) {
      const binding = key.startsWith(bindingsPrefix);
      if (!binding && !key.startsWith(crdsPrefix)) return;
      const cluster = clusterOf(key, binding ? bindingsPrefix : crdsPrefix);
      if (binding) bindings.delete(cluster);
      for (const known of [byCluster.peek(cluster), preparing.get(cluster)?.state]) {
        if (known === undefined) continue;
        known.changed.add(key);
        known.stale = true;
        if (known.byKey.size + known.changed.size <= definitionsMax) continue;
        // Which of too many are served is decided again.
        byCluster.delete(cluster);
        preparing.delete(cluster);
      }
    },
    size: () => byCluster.size,
  };
}
