/**
 * Where every workspace of an installation is, kept from the shards' feeds: path → logical cluster
 * → shard. Compact, in memory, and a view: what it holds of a shard is replaced whole by a snapshot
 * and changed by what the feed says.
 */

import type { ClusterName, LogicalClusterName } from '@kcp-ts/api';
import { isClusterName } from '@kcp-ts/api';
import { homeClusterName } from '@kcp-ts/sharing';
import { flagDeleting, parseStored, storedFlags } from '@kcp-ts/storage';
import { isLogicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import { isWorkspaceKey } from './projections.ts';

/** What is known of a logical cluster. */
export interface PlacedCluster {
  readonly shard: string;
  /** The canonical path; the name where it has none. */
  readonly path: string;
  /** The workspace that it belongs to. */
  readonly parent: string | undefined;
  readonly name: string | undefined;
  readonly phase: string;
  readonly requiredGroups: string | undefined;
  readonly deleting: boolean;
}

export type Placement =
  | { readonly status: 'found'; readonly cluster: ClusterName; readonly shard: string }
  | { readonly status: 'unknown' }
  /** The workspace, or one above it, reports itself unavailable. */
  | { readonly status: 'unavailable' };

export interface PathIndex {
  cluster(name: string): PlacedCluster | undefined;
  /** Where a workspace of a cluster is; undefined where there is none, or it has no cluster yet. */
  child(parent: string, name: string): Placement;
  /** A workspace of another cluster, whatever its phase; `cluster`: undefined before it has one. */
  workspace(parent: string, name: string): { readonly cluster: string | undefined } | undefined;
  resolve(pathOrName: string): Placement;
  /** The shard that would know what is missing where a path is unknown; undefined where any may. */
  oracleOf(pathOrName: string): string | undefined;
  /**
   * `value`: the stored object or its projection; undefined for a deletion. Other kinds are
   * ignored.
   */
  changed(shard: string, key: string, value: Uint8Array | undefined): void;
  /** Forgets what is of a shard, but for these keys. */
  retain(shard: string, keys: ReadonlySet<string>): void;
  /** How many clusters a shard has. */
  clusters(shard: string): number;
  sizes(): { readonly clusters: number; readonly workspaces: number };
}

interface Child {
  readonly shard: string;
  readonly key: string;
  readonly cluster: string | undefined;
  readonly placedOn: string | undefined;
  readonly unavailable: boolean;
}

interface Projected {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly cluster?: LogicalClusterName;
    readonly owner?: { readonly cluster: LogicalClusterName; readonly name: string };
  };
  readonly status?: { readonly phase?: string };
}

const unknown: Placement = { status: 'unknown' };
const unavailable: Placement = { status: 'unavailable' };

/** `<cluster>//<name>` at the end of a Workspace's key: behind group, resource and identity. */
function childId(key: string): string {
  let at = 0;
  for (let slashes = 0; slashes < 3; slashes++) at = key.indexOf('/', at) + 1;
  return key.slice(at);
}

function childOf(shard: string, key: string, value: Uint8Array): Child {
  const { metadata, spec, status } = parseStored<Projected>(value);
  const scheduled = status?.phase !== undefined && status.phase !== 'Scheduling';
  return {
    shard,
    key,
    cluster: scheduled ? spec?.cluster : undefined,
    placedOn: metadata.annotations?.['core.kcp.io/shard'],
    unavailable: status?.phase === 'Unavailable',
  };
}

export function createPathIndex(): PathIndex {
  const clusters = new Map<string, PlacedCluster>();
  const children = new Map<string, Child>();
  const counts = new Map<string, number>();

  function count(shard: string, by: number): void {
    counts.set(shard, (counts.get(shard) ?? 0) + by);
  }

  function changedCluster(shard: string, name: string, value: Uint8Array | undefined): void {
    const before = clusters.get(name);
    if (value === undefined) {
      // Another shard may hold it by now.
      if (before?.shard !== shard) return;
      clusters.delete(name);
      count(shard, -1);
      return;
    }
    const { metadata, spec, status } = parseStored<Projected>(value);
    if (before !== undefined) count(before.shard, -1);
    count(shard, 1);
    clusters.set(name, {
      shard,
      path: metadata.annotations?.['kcp.io/path'] ?? name,
      parent: spec?.owner?.cluster,
      name: spec?.owner?.name,
      phase: status?.phase ?? 'Scheduling',
      requiredGroups: metadata.annotations?.['authorization.kcp.io/required-groups'],
      deleting: (storedFlags(value) & flagDeleting) !== 0,
    });
  }

  function placed(name: string, likely: string | undefined): Placement {
    const shard = clusters.get(name)?.shard ?? likely;
    return shard === undefined ? unknown : { status: 'found', cluster: name as ClusterName, shard };
  }

  function child(parent: string, name: string): Placement {
    const found = children.get(`${parent}//${name}`);
    if (found === undefined) return unknown;
    if (found.unavailable) return unavailable;
    // The workspace's own shard may be known before the cluster's is.
    return found.cluster === undefined ? unknown : placed(found.cluster, found.placedOn);
  }

  /** `passed`: called with each cluster on the way. */
  function follow(pathOrName: string, passed?: (here: Placement & { readonly status: 'found' }) => void): Placement {
    const segments = pathOrName.split(':');
    const first = segments.shift() ?? '';
    const home = first === 'user' && segments.length > 0;
    const start = home ? homeClusterName(segments.shift() ?? '') : first;
    if (!isClusterName(start)) return unknown;
    let here = placed(start, undefined);
    for (const name of segments) {
      if (here.status !== 'found') return here;
      passed?.(here);
      here = child(here.cluster, name);
    }
    return here;
  }

  function changed(shard: string, key: string, value: Uint8Array | undefined): void {
    if (isLogicalClusterKey(key)) {
      const end = key.indexOf('/', logicalClustersPrefix.length);
      changedCluster(shard, key.slice(logicalClustersPrefix.length, end), value);
    } else if (isWorkspaceKey(key)) {
      const id = childId(key);
      if (value !== undefined) children.set(id, childOf(shard, key, value));
      else if (children.get(id)?.shard === shard) children.delete(id);
    }
  }

  return {
    cluster: (name) => clusters.get(name),
    child,
    workspace: (parent, name) => children.get(`${parent}//${name}`),
    changed,
    retain(shard, keys) {
      for (const [name, { shard: holder }] of clusters) {
        const key = `${logicalClustersPrefix}${name}//cluster`;
        if (holder === shard && !keys.has(key)) changed(shard, key, undefined);
      }
      for (const { shard: holder, key } of [...children.values()])
        if (holder === shard && !keys.has(key)) changed(shard, key, undefined);
    },
    resolve: (pathOrName) => follow(pathOrName),
    oracleOf(pathOrName) {
      let shard: string | undefined;
      follow(pathOrName, (here) => {
        shard = here.shard;
      });
      return shard;
    },
    clusters: (shard) => counts.get(shard) ?? 0,
    sizes: () => ({ clusters: clusters.size, workspaces: children.size }),
  };
}

interface SinkEntry {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/**
 * An index as the handler of a feed consumer. `before`: called with each entry that the index is
 * about to take.
 */
export function pathIndexHandler(index: PathIndex, before?: (shard: string, entry: SinkEntry) => void) {
  type Named = { readonly name: string };
  const take = (shard: string, entries: readonly SinkEntry[]) => {
    for (const entry of entries) {
      before?.(shard, entry);
      index.changed(shard, entry.key, entry.value);
    }
  };
  return {
    apply: ({ name }: Named, entries: readonly SinkEntry[]) => take(name, entries),
    begin({ name }: Named) {
      const seen = new Set<string>();
      return {
        add(entries: readonly SinkEntry[]) {
          for (const { key } of entries) seen.add(key);
          take(name, entries);
        },
        end: () => index.retain(name, seen),
      };
    },
    removed: (shard: string) => index.retain(shard, new Set()),
  };
}
