/**
 * What leaves a shard with its feed: copies of what other shards bind to, take types from or judge
 * requests by (kcp facts, 9), and projections of all workspaces and logical clusters. A list of
 * what may go: what is not named here stays, tenants' objects and Secrets among it.
 */

import type { Revision } from '@kcp-ts/api';
import { exportConsumersPrefix, isReplicated } from '@kcp-ts/sharing';
import { kindPrefix, resourcePrefix } from '@kcp-ts/storage';
import type { RootIdentities } from '@kcp-ts/tenancy';
import { isLogicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import { LRUCache } from 'lru-cache';
import { projectionOf } from '../locator/projections.ts';
import type { Project, Projected } from './feed.ts';

/** Built-in kinds of which every object is copied. */
const copiedPrefixes = [
  resourcePrefix('apis.kcp.io', 'apiexports', '-'),
  resourcePrefix('apis.kcp.io', 'apiresourceschemas', '-'),
  resourcePrefix('apis.kcp.io', 'apiconversions', '-'),
  resourcePrefix('apis.kcp.io', 'apiexportendpointslices', '-'),
  resourcePrefix('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', '-'),
  resourcePrefix('admissionregistration.k8s.io', 'validatingwebhookconfigurations', '-'),
];

/**
 * The same of kinds that root exports: those under the identity of that export, and not what else
 * may have their names.
 */
const copiedOfRoot = [
  { exportName: 'shards.core.kcp.io', kind: kindPrefix('core.kcp.io', 'shards') },
  { exportName: 'tenancy.kcp.io', kind: kindPrefix('tenancy.kcp.io', 'workspacetypes') },
];

/**
 * Kinds of which those objects are copied that carry the annotation `internal.kcp.io/replicate`.
 */
const annotatedPrefixes = [
  resourcePrefix('rbac.authorization.k8s.io', 'clusterroles', '-'),
  resourcePrefix('rbac.authorization.k8s.io', 'clusterrolebindings', '-'),
];

const copiedAlways = [...copiedPrefixes, exportConsumersPrefix];
const copiedKinds = [...copiedAlways, ...annotatedPrefixes, ...copiedOfRoot.map(({ kind }) => kind)];

const workspacesOfRoot = { exportName: 'tenancy.kcp.io', kind: kindPrefix('tenancy.kcp.io', 'workspaces') };

export interface FeedProjection {
  /** The ranges of the store that a feed is made from. */
  prefixes(): readonly string[];
  /** What a change of the store says to others. */
  readonly project: Project;
}

const recentMax = 1_000;

/**
 * The projections that were made last. What was made of one change is what the next change of the
 * same object is compared with: without them each change would parse two objects.
 */
function createRecentProjections() {
  const byKey = new LRUCache<string, { readonly revision: Revision; readonly projection: Uint8Array }>({
    max: recentMax,
  });
  return {
    /** `revision`: of the stored value; it is not remembered where that is not known. */
    of(key: string, stored: Uint8Array, revision: Revision | undefined): Uint8Array {
      const known = byKey.get(key);
      if (known !== undefined && known.revision === revision) return known.projection;
      const projection = projectionOf(stored);
      if (revision !== undefined) byKey.set(key, { revision, projection });
      return projection;
    },
  };
}

const none: Projected = { kind: 'none' };
const deleted: Projected = { kind: 'delete' };

/** Nothing of the system's clusters leaves the shard, but for what was made for others. */
function isSystem(key: string): boolean {
  let at = 0;
  for (let slashes = 0; slashes < 3; slashes++) at = key.indexOf('/', at) + 1;
  return key.startsWith('system:', at) && !key.startsWith(exportConsumersPrefix);
}

interface Prefixes {
  readonly copied: readonly string[];
  /** Of Workspaces; undefined while root's identities are not known, when there are none. */
  readonly workspaces: string | undefined;
}

function prefixesOf(identities: RootIdentities | undefined): Prefixes {
  const under = ({ exportName, kind }: typeof workspacesOfRoot) => {
    const identity = identities?.get(exportName);
    return identity === undefined ? undefined : `${kind}${identity}/`;
  };
  const copied = [...copiedAlways, ...copiedOfRoot.flatMap((one) => under(one) ?? [])];
  return { copied, workspaces: under(workspacesOfRoot) };
}

/**
 * Whether another shard's entry is a copy, as other services keep it: all of a feed but the
 * projections. What a feed may hold its shard has decided.
 */
export function isCopiedKey(key: string): boolean {
  return copiedKinds.some((prefix) => key.startsWith(prefix));
}

/**
 * The projection of a shard's commits. `identities`: of root's exports, undefined until they are
 * known, and then always the same.
 */
export function createFeedProjection(identities: () => RootIdentities | undefined): FeedProjection {
  const recent = createRecentProjections();
  let known: Prefixes | undefined;
  function current(): Prefixes {
    if (known !== undefined) return known;
    const found = identities();
    const prefixes = prefixesOf(found);
    if (found !== undefined) known = prefixes;
    return prefixes;
  }

  return {
    prefixes() {
      const { copied, workspaces } = current();
      return [
        ...copied,
        ...annotatedPrefixes,
        logicalClustersPrefix,
        ...(workspaces === undefined ? [] : [workspaces]),
      ];
    },
    project({ type, key, value, previous, revision }) {
      if (isSystem(key)) return none;
      const { copied, workspaces } = current();
      const isLogicalCluster = isLogicalClusterKey(key);
      if (isLogicalCluster || (workspaces !== undefined && key.startsWith(workspaces))) {
        if (type === 'delete') return deleted;
        const projected = (stored: Uint8Array, at: Revision | undefined) =>
          isLogicalCluster && isReplicated(stored) ? stored : recent.of(key, stored, at);
        const former = previous && projected(previous.value, previous.revision);
        const said = projected(value, revision);
        // Others need no message for a change of what they neither read nor act on: each binding
        // writes its LogicalCluster.
        if (former !== undefined && Buffer.compare(former, said) === 0) return none;
        return { kind: 'put', value: said };
      }
      if (copied.some((prefix) => key.startsWith(prefix))) return type === 'delete' ? deleted : { kind: 'put', value };
      if (!annotatedPrefixes.some((prefix) => key.startsWith(prefix))) return none;
      if (type === 'put' && isReplicated(value)) return { kind: 'put', value };
      return isReplicated(type === 'delete' ? value : (previous?.value ?? new Uint8Array())) ? deleted : none;
    },
  };
}
