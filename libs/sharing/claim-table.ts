/**
 * Which objects of a workspace are claimed by which exports, as labels: every object that an
 * applied claim names carries the claim's label, so that a provider's view is a plain label
 * selection, and a grant that comes or goes shows in open watches as objects that appear or
 * disappear. The table of a workspace is read from its bindings on first use, as far back as
 * history is kept, and goes on with each commit that changes one: what a watcher may see of an
 * object is judged as of the revision of each of its states.
 */
import type { KubeObject, LogicalClusterName, Revision } from '@kcp-ts/api';
import { currentGroup, isTrueCondition, parseResourceVersion, revisionZero } from '@kcp-ts/api';
import type { ParsedReader, Store, StoreEvent } from '@kcp-ts/storage';
import { hasText, parseStored } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import { allowsVerb, appliedClaims, claimFinder, compileClaimSelector } from './claims.ts';
import { claimHash, claimLabel, claimLabelPrefix, exportLabel, reflexiveClaimHash } from './hashes.ts';
import { bindingKey, bindingsPrefix, clusterOfKey, exportKey, exportsPrefix } from './keys.ts';
import { compileResourceSelectors, originalClaimsAnnotation, resourceSelectorsOf } from './resource-selectors.ts';
import type { ApiBinding, ApiExport, AppliedClaim, ClaimKey } from './types.ts';

export interface TableClaim extends AppliedClaim {
  readonly binding: string;
  readonly exportCluster: LogicalClusterName;
  readonly exportName: string;
  readonly label: string;
  readonly hash: string;
  /** Whether an object is among those that both sides select. */
  readonly selects: (object: KubeObject) => boolean;
}

export interface ClaimTables {
  /** The applied claims of a workspace. */
  of(cluster: LogicalClusterName): readonly TableClaim[];
  /**
   * The claims as they applied at a revision, as far back as history is kept; from before that, as
   * at its beginning.
   */
  asOf(cluster: LogicalClusterName, revision: Revision): readonly TableClaim[];
  /** Since when the claims of a binding apply as they do now; as `asOf` does not know, zero. */
  since(cluster: LogicalClusterName, binding: string): Revision;
  /**
   * Whether what a claim shows to providers of an object, and with which of the verbs that read,
   * has ever been other than it is now since the state of the object was written: then a watch has
   * shown it, or not, and has to say so.
   */
  hasFlipped(cluster: LogicalClusterName, resource: ClaimedResource, object: KubeObject): boolean;
  /**
   * Puts exactly the labels on an object that the claims of its workspace ask for; true where that
   * changed it.
   */
  label(cluster: LogicalClusterName, resource: ClaimedResource, object: KubeObject): boolean;
  changed(event: StoreEvent): void;
  /** The cluster is gone. */
  forget(cluster: LogicalClusterName): void;
}

/** `identity` is the resource's own. */
export interface ClaimedResource {
  readonly group: string;
  readonly plural: string;
  readonly identity: string;
}

const bindingsMax = 1_000;
/** Events of one workspace's bindings that are looked back at. */
const eventsMax = 10_000;
/** Changes of one workspace's claims that are remembered. */
const versionsMax = 200;

/**
 * The group that holds the objects: core events and those of events.k8s.io are the same, and so are
 * a group's by its earlier name.
 */
function normalized(group: string, resource: string): string {
  return resource === 'events' && group === 'events.k8s.io' ? '' : currentGroup(group);
}

/**
 * Whether a claim is about a resource: by group and name, and by identity where the resource is
 * bound from an export.
 */
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

/**
 * What a binding grants, as its own status and spec say: so its history is all that is needed to
 * know what applied when.
 */
interface Granting {
  readonly key: string;
  /** The same text where the same is granted. */
  readonly id: string;
  readonly claims: () => readonly TableClaim[];
}

function grantingOf(
  key: string,
  binding: ApiBinding,
  source: (key: string) => ApiExport | undefined,
): Granting | undefined {
  const exportCluster = binding.status?.apiExportClusterName;
  const exportName = binding.spec?.reference?.export?.name;
  if (exportCluster === undefined || exportName === undefined || binding.metadata.deletionTimestamp !== undefined)
    return undefined;
  if (!isTrueCondition(binding.status?.conditions, 'InitialBindingCompleted')) return undefined;
  const exported = binding.status?.exportPermissionClaims ?? [];
  const applied = appliedClaims(exported, binding.spec?.permissionClaims ?? []);
  if (applied.length === 0) return undefined;
  const selectors = binding.metadata.annotations?.[originalClaimsAnnotation] ?? '';
  let claims: readonly TableClaim[] | undefined;
  return {
    key,
    id: JSON.stringify([exportCluster, exportName, applied, selectors]),
    claims() {
      claims ??= claimsOf(binding, exportCluster, exportName, applied, source(exportKey(exportCluster, exportName)));
      return claims;
    },
  };
}

function claimsOf(
  binding: ApiBinding,
  exportCluster: LogicalClusterName,
  exportName: string,
  applied: readonly AppliedClaim[],
  source: ApiExport | undefined,
): readonly TableClaim[] {
  const askedFor = claimFinder(binding.status?.exportPermissionClaims ?? []);
  const label = claimLabel(exportCluster, exportName);
  const exportSelectors = source === undefined ? () => undefined : resourceSelectorsOf(source);
  const bindingSelectors = resourceSelectorsOf(binding);
  return applied.map((claim) => ({
    ...claim,
    binding: binding.metadata.name,
    exportCluster,
    exportName,
    label,
    hash: claimHash(askedFor(claim) ?? claim),
    selects: selectionOf(claim, exportSelectors, bindingSelectors),
  }));
}

/** What all bindings of a workspace grant from a revision on. */
interface Version {
  readonly from: Revision;
  readonly grants: ReadonlyMap<string, Granting>;
  table: readonly TableClaim[] | undefined;
  /**
   * Of the table, by resource: all objects of one are looked at one after the other, in many
   * versions, and a table may have thousands of claims.
   */
  readonly onResource: Map<string, readonly TableClaim[]>;
}

function versionOf(from: Revision, grants: Version['grants']): Version {
  return { from, grants, table: undefined, onResource: new Map() };
}

interface Timeline {
  /** Everything up to here is in it. */
  upTo: Revision;
  /** The first holds from the beginning of history. */
  versions: Version[];
}

function tableOf(version: Version): readonly TableClaim[] {
  version.table ??= [...version.grants.values()].flatMap(({ claims }) => claims());
  return version.table;
}

function claimsOn(version: Version, { group, plural, identity }: ClaimedResource): readonly TableClaim[] {
  const id = `${group}/${plural}/${identity}`;
  let found = version.onResource.get(id);
  if (found === undefined) {
    found = tableOf(version).filter((claim) => isClaimOn(claim, group, plural, identity));
    version.onResource.set(id, found);
  }
  return found;
}

/** The state of an object: its resourceVersion. */
function revisionOf({ metadata }: KubeObject): Revision {
  return parseResourceVersion(metadata.resourceVersion ?? '')?.revision ?? revisionZero;
}

/**
 * What a provider may see of an object, by claims on its resource: by which of them, and with which
 * of the verbs that read.
 */
function visibility(claims: readonly TableClaim[], object: KubeObject): string {
  return claims
    .filter((claim) => grants(claim, object))
    .map(({ label, hash, verbs }) => `${label}=${hash} ${allowsVerb(verbs, 'list')} ${allowsVerb(verbs, 'watch')}`)
    .sort()
    .join();
}

// check-allow function-length -- one cache of tables, and each function reads or fills it
export function createClaimTables(deps: {
  readonly store: Pick<Store, 'scan' | 'recent' | 'floor' | 'currentRevision'>;
  readonly reader: ParsedReader;
  readonly clustersMax: number;
}): ClaimTables {
  const timelines = new LRUCache<string, Timeline>({ max: deps.clustersMax });
  const source = (key: string) => deps.reader.get<ApiExport>(key);

  function grantingAt(key: string, value: Uint8Array | undefined): Granting | undefined {
    // Most bindings accept no claims, and this is asked for each change of each.
    if (value === undefined || !hasText(value, '"permissionClaims"')) return undefined;
    return grantingOf(key, parseStored<ApiBinding>(value), source);
  }

  /** From what is there now back to the beginning of history. */
  function build(cluster: LogicalClusterName): Timeline {
    const { store } = deps;
    const range = { prefix: `${bindingsPrefix}${cluster}/` };
    const upTo = store.currentRevision();
    let state = new Map<string, Granting>();
    for (const { key, value } of store.scan(range, bindingsMax)) {
      const granting = grantingAt(key, value);
      if (granting !== undefined) state.set(key, granting);
    }
    const versions: Version[] = [];
    const events = store.recent(range, store.floor(), eventsMax);
    // Of more than that only the present is known.
    for (const { key, revision, previous } of events.length < eventsMax ? events.toReversed() : []) {
      const before = grantingAt(key, previous?.value);
      if (before?.id === state.get(key)?.id) continue;
      versions.push(versionOf(revision, state));
      state = withGranting(state, key, before);
    }
    versions.push(versionOf(revisionZero, state));
    return { upTo, versions: versions.reverse() };
  }

  function timelineOf(cluster: LogicalClusterName): Timeline {
    let timeline = timelines.get(cluster);
    if (timeline === undefined) {
      timeline = build(cluster);
      timelines.set(cluster, timeline);
    }
    return timeline;
  }

  /** The versions from the one that held at a revision on. */
  function versionsSince(cluster: LogicalClusterName, revision: Revision): readonly Version[] {
    const { versions } = timelineOf(cluster);
    const index = versions.findLastIndex(({ from }) => from <= revision);
    return index <= 0 ? versions : versions.slice(index);
  }

  function of(cluster: LogicalClusterName): readonly TableClaim[] {
    const newest = timelineOf(cluster).versions.at(-1);
    return newest === undefined ? [] : tableOf(newest);
  }

  function changeBinding({ key, type, value, revision }: StoreEvent): void {
    const timeline = timelines.peek(clusterOfKey(key, bindingsPrefix));
    const newest = timeline?.versions.at(-1);
    if (timeline === undefined || newest === undefined || revision <= timeline.upTo) return;
    timeline.upTo = revision;
    const after = grantingAt(key, type === 'put' ? value : undefined);
    if (after?.id === newest.grants.get(key)?.id) return;
    const floor = deps.store.floor();
    const { versions } = timeline;
    versions.push(versionOf(revision, withGranting(newest.grants, key, after)));
    while (versions.length > versionsMax || (versions[1] !== undefined && versions[1].from <= floor)) versions.shift();
  }

  return {
    of,
    asOf(cluster, revision) {
      const { versions } = timelineOf(cluster);
      const version = versions.findLast(({ from }) => from <= revision) ?? versions[0];
      return version === undefined ? [] : tableOf(version);
    },
    since(cluster, binding) {
      const { versions } = timelineOf(cluster);
      const key = bindingKey(cluster, binding);
      const now = versions.at(-1)?.grants.get(key)?.id;
      const other = versions.findLastIndex(({ grants: granted }) => granted.get(key)?.id !== now);
      return versions[other + 1]?.from ?? revisionZero;
    },
    hasFlipped(cluster, resource, object) {
      const versions = versionsSince(cluster, revisionOf(object));
      if (versions.length < 2) return false;
      const [newest, ...before] = versions.toReversed().map((version) => claimsOn(version, resource));
      const now = visibility(newest ?? [], object);
      return before.some((claims) => visibility(claims, object) !== now);
    },
    label(cluster, resource, object) {
      const { group, plural } = resource;
      const newest = timelineOf(cluster).versions.at(-1);
      const wanted = new Map<string, string>();
      for (const claim of newest === undefined ? [] : claimsOn(newest, resource))
        if (grants(claim, object)) wanted.set(claim.label, claim.hash);
      const own =
        group === 'apis.kcp.io' && plural === 'apibindings' ? object.metadata.labels?.[exportLabel] : undefined;
      if (own !== undefined) wanted.set(`${claimLabelPrefix}${own}`, reflexiveClaimHash);
      return applyLabels(object, wanted);
    },
    forget: (cluster) => void timelines.delete(cluster),
    changed(event) {
      if (event.key.startsWith(bindingsPrefix)) changeBinding(event);
      // Exports narrow their claims by names; who binds one is not known here, and exports change
      // seldom.
      else if (event.key.startsWith(exportsPrefix)) timelines.clear();
    },
  };
}

function withGranting(
  state: ReadonlyMap<string, Granting>,
  key: string,
  granting: Granting | undefined,
): Map<string, Granting> {
  const next = new Map(state);
  if (granting === undefined) next.delete(key);
  else next.set(key, granting);
  return next;
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
