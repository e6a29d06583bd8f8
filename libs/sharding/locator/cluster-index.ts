/**
 * Paths to logical clusters, and what there is to know of a cluster: a bounded cache in front of
 * the store, where each answer is read on first use and dropped by the commit that changes it. So
 * an idle workspace costs nothing here, and an answer is never older than the last acknowledged
 * write.
 */

import type { ClusterName, KubeObject, LogicalClusterName, WorkspacePath } from '@kcp-ts/api';
import { asClusterName, isClusterName } from '@kcp-ts/api';
import { homeClusterName } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { logicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import { LRUCache } from 'lru-cache';
import type { ClusterFacts } from './cluster-facts.ts';
import { clusterFacts } from './cluster-facts.ts';
import type { Placement } from './path-index.ts';

export type Resolution =
  | { readonly status: 'found'; readonly cluster: ClusterName }
  | { readonly status: 'unknown' }
  /** The workspace, or one above it, reports itself unavailable. */
  | { readonly status: 'unavailable' };

export interface ClusterIndex {
  facts(cluster: ClusterName): ClusterFacts | undefined;
  resolve(path: WorkspacePath | ClusterName): Resolution;
  /** To be called with every changed key, before its commit is acknowledged. */
  changed(key: string): void;
  /** How many answers are cached, for tests and metrics. */
  size(): number;
}

interface Workspace extends KubeObject {
  readonly spec?: { readonly cluster?: LogicalClusterName };
  readonly status?: { readonly phase?: string };
}

export interface ClusterIndexDependencies {
  readonly store: Store;
  /**
   * Where Workspace objects are stored: `tenancy.kcp.io/workspaces/<identity>/`; undefined before
   * the bootstrap.
   */
  workspacesPrefix(): string | undefined;
  readonly entriesMax: number;
  /** Workspaces on other shards, where there are any. */
  readonly otherShards?: { child(parent: ClusterName, name: string): Placement } | undefined;
}

export function createClusterIndex(deps: ClusterIndexDependencies): ClusterIndex {
  const factsByName = new LRUCache<string, ClusterFacts>({ max: deps.entriesMax });
  const children = new LRUCache<string, Resolution>({ max: deps.entriesMax });

  function child(parent: ClusterName, name: string): Resolution {
    const prefix = deps.workspacesPrefix();
    if (prefix === undefined) return { status: 'unknown' };
    const key = `${prefix}${parent}//${name}`;
    const known = children.get(key);
    if (known !== undefined) return known;
    const entry = deps.store.get(key);
    if (entry === undefined) return deps.otherShards?.child(parent, name) ?? { status: 'unknown' };
    const workspace = parseStored<Workspace>(entry.value);
    const cluster = workspace.spec?.cluster;
    if (workspace.status?.phase === 'Unavailable') return { status: 'unavailable' };
    if (cluster === undefined || workspace.status?.phase === 'Scheduling') return { status: 'unknown' };
    const found: Resolution = { status: 'found', cluster: asClusterName(cluster) };
    children.set(key, found);
    return found;
  }

  function start(segments: string[]): ClusterName | undefined {
    const first = segments.shift() ?? '';
    if (first !== 'user' || segments.length === 0) return isClusterName(first) ? first : undefined;
    return homeClusterName(segments.shift() ?? '');
  }

  return {
    facts(cluster) {
      const known = factsByName.get(cluster);
      if (known !== undefined) return known;
      const entry = deps.store.get(logicalClusterKey(cluster));
      if (entry === undefined) return undefined;
      const facts = clusterFacts(cluster, entry);
      factsByName.set(cluster, facts);
      return facts;
    },
    resolve(path) {
      if (path.startsWith('system:'))
        return isClusterName(path) ? { status: 'found', cluster: path } : { status: 'unknown' };
      const segments = path.split(':');
      let cluster = start(segments);
      if (cluster === undefined) return { status: 'unknown' };
      for (const name of segments) {
        const step = child(cluster, name);
        if (step.status !== 'found') return step;
        cluster = step.cluster;
      }
      return { status: 'found', cluster };
    },
    changed(key) {
      if (key.startsWith(logicalClustersPrefix))
        factsByName.delete(key.slice(logicalClustersPrefix.length, key.indexOf('/', logicalClustersPrefix.length)));
      else children.delete(key);
    },
    size: () => factsByName.size + children.size,
  };
}
