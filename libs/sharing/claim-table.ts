/**
 * Which objects of a workspace are claimed by whom, as labels: every object that an applied claim names carries the claim's label, so that a provider's
 * view is a plain label selection, and a grant that comes or goes shows in open watches as objects that appear or disappear. The table of a workspace
 * is read from its bindings on first use and dropped by the commit that changes one.
 */
import type { KubeObject } from '@kcp-ts/meta';
import { currentGroup, isTrueCondition } from '@kcp-ts/meta';
import type { ParsedReader, Store } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import { appliedClaims, claimFinder, compileClaimSelector } from './claims.ts';
import { claimLabel, claimLabelPrefix, claimLabelValue, exportLabel, reflexiveClaimHash } from './hashes.ts';
import { bindingsPrefix, clusterOfKey, exportKey } from './keys.ts';
import { compileResourceSelectors, resourceSelectorsOf } from './resource-selectors.ts';
import type { ApiBinding, ApiExport, AppliedClaim, ClaimKey } from './types.ts';

export interface TableClaim extends AppliedClaim {
  readonly binding: string;
  readonly exportCluster: string;
  readonly exportName: string;
  readonly label: string;
  readonly labelValue: string;
  /** Whether an object is among those that both sides select. */
  readonly selects: (object: KubeObject) => boolean;
}

export interface ClaimTables {
  /** The applied claims of a workspace. */
  of(cluster: string): readonly TableClaim[];
  /** Puts exactly the labels on an object that the claims of its workspace ask for; true where that changed it. `identity` is the resource's own. */
  label(
    cluster: string,
    resource: { readonly group: string; readonly plural: string; readonly identity: string },
    object: KubeObject,
  ): boolean;
  changed(key: string): void;
  /** The cluster is gone. */
  forget(cluster: string): void;
}

const bindingsMax = 1_000;

/** The group that holds the objects: core events and those of events.k8s.io are the same, and so are a group's by its earlier name. */
function normalized(group: string, resource: string): string {
  return resource === 'events' && group === 'events.k8s.io' ? '' : currentGroup(group);
}

/** Whether a claim is about a resource: by group and name, and by identity where the resource is bound from an export. */
export function isClaimOn(claim: ClaimKey, group: string, plural: string, identity: string): boolean {
  if (claim.resource !== plural || normalized(claim.group ?? '', claim.resource) !== normalized(group, plural))
    return false;
  return identity === '-' || identity === 'customresources'
    ? (claim.identityHash ?? '') === ''
    : claim.identityHash === identity;
}

/** Whether an applied claim grants an object. */
export function grants(claim: TableClaim, object: KubeObject): boolean {
  return claim.selects(object);
}

type SelectorsOf = ReturnType<typeof resourceSelectorsOf>;

/** Compiled once for all objects of the workspace. */
function selectionOf(claim: AppliedClaim, exported: SelectorsOf, bound: SelectorsOf): TableClaim['selects'] {
  const byExport = compileResourceSelectors(exported(claim));
  const byBinding = compileResourceSelectors(bound(claim));
  const byLabels = compileClaimSelector(claim.selector);
  return (object) => byExport(object) && byBinding(object) && byLabels(object);
}

function claimsOfBinding(binding: ApiBinding, reader: ParsedReader): TableClaim[] {
  const exportCluster = binding.status?.apiExportClusterName;
  const exportName = binding.spec?.reference?.export?.name;
  if (exportCluster === undefined || exportName === undefined || binding.metadata.deletionTimestamp !== undefined)
    return [];
  if (!isTrueCondition(binding.status?.conditions, 'InitialBindingCompleted')) return [];
  const source = reader.get<ApiExport>(exportKey(exportCluster, exportName));
  const exported = source?.spec?.permissionClaims ?? binding.status?.exportPermissionClaims ?? [];
  const askedFor = claimFinder(exported);
  const label = claimLabel(exportCluster, exportName);
  const exportSelectors = source === undefined ? () => undefined : resourceSelectorsOf(source);
  const bindingSelectors = resourceSelectorsOf(binding);
  return appliedClaims(exported, binding.spec?.permissionClaims ?? []).map((claim) => ({
    ...claim,
    binding: binding.metadata.name,
    exportCluster,
    exportName,
    label,
    labelValue: claimLabelValue(askedFor(claim) ?? claim, claim.verbs),
    selects: selectionOf(claim, exportSelectors, bindingSelectors),
  }));
}

export function createClaimTables(needs: {
  readonly store: Store;
  readonly reader: ParsedReader;
  readonly clustersMax: number;
}): ClaimTables {
  const tables = new LRUCache<string, readonly TableClaim[]>({ max: needs.clustersMax });

  function of(cluster: string): readonly TableClaim[] {
    const known = tables.get(cluster);
    if (known !== undefined) return known;
    const entries = needs.store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax);
    const table = entries.flatMap((entry) => claimsOfBinding(needs.reader.parse<ApiBinding>(entry), needs.reader));
    tables.set(cluster, table);
    return table;
  }

  return {
    of,
    label(cluster, { group, plural, identity }, object) {
      const wanted = new Map<string, string>();
      for (const claim of of(cluster))
        if (isClaimOn(claim, group, plural, identity) && grants(claim, object))
          wanted.set(claim.label, claim.labelValue);
      const own =
        group === 'apis.kcp.io' && plural === 'apibindings' ? object.metadata.labels?.[exportLabel] : undefined;
      if (own !== undefined) wanted.set(`${claimLabelPrefix}${own}`, reflexiveClaimHash);
      return applyLabels(object, wanted);
    },
    forget: (cluster) => void tables.delete(cluster),
    changed(key) {
      if (key.startsWith(bindingsPrefix)) tables.delete(clusterOfKey(key, bindingsPrefix));
      // Who binds an export is not known here; exports change seldom.
      else if (key.startsWith('apis.kcp.io/apiexports/')) tables.clear();
    },
  };
}

function applyLabels(object: KubeObject, wanted: ReadonlyMap<string, string>): boolean {
  const labels = object.metadata.labels;
  let changed = false;
  for (const key in labels) {
    if (!key.startsWith(claimLabelPrefix) || wanted.has(key)) continue;
    delete labels[key];
    changed = true;
  }
  if (wanted.size === 0) {
    if (labels !== undefined && Object.keys(labels).length === 0) delete object.metadata.labels;
    return changed;
  }
  const next = labels ?? {};
  for (const [key, value] of wanted) {
    if (next[key] === value) continue;
    next[key] = value;
    changed = true;
  }
  object.metadata.labels = next;
  return changed;
}
