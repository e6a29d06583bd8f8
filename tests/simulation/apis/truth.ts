/**
 * What a provider may see, worked out from what the shards have committed: by its own few rules,
 * and not by the code that is looked at.
 */
import type { KubeObject, Revision } from '@kcp-ts/api';
import { isTrueCondition } from '@kcp-ts/api';
import type { StoreEvent } from '@kcp-ts/storage';
import { parseKey, parseStored } from '@kcp-ts/storage';
import type { SimShard } from '../simulation.ts';
import { group, resource } from './provider.ts';

/** The export's own resource, or the one that it claims. */
export type Watched = 'exported' | 'claimed';

export function urlOf(watched: Watched): string {
  return watched === 'exported' ? `/apis/${group}/v1alpha1/${resource}` : '/api/v1/configmaps';
}

export function idOf({ metadata }: KubeObject): string {
  return `${metadata.annotations?.['kcp.io/cluster']}/${metadata.namespace ?? ''}/${metadata.name}`;
}

interface Binding extends KubeObject {
  readonly spec?: {
    readonly reference?: { readonly export?: { readonly name?: string } };
    readonly permissionClaims?: readonly Claim[];
  };
  readonly status?: {
    readonly apiExportClusterName?: string;
    readonly boundResources?: readonly { readonly group: string; readonly resource: string }[];
    readonly exportPermissionClaims?: readonly { readonly resource: string }[];
    readonly conditions?: Parameters<typeof isTrueCondition>[0];
  };
}

interface Claim {
  readonly resource: string;
  readonly state: string;
  readonly selector: { readonly matchAll?: boolean; readonly matchLabels?: Readonly<Record<string, string>> };
}

/** A state of an object. */
export interface State {
  readonly object: KubeObject;
  readonly revision: Revision;
}

export interface TrueChange {
  readonly revision: Revision;
  readonly shard: number;
  readonly id: string;
  readonly cluster: string;
  readonly before: State | undefined;
  readonly after: State | undefined;
}

interface BindingState {
  readonly from: Revision;
  readonly binding: Binding | undefined;
}

export interface Truth {
  /** All changes, in the order over all shards. */
  changes(watched: Watched): readonly TrueChange[];
  /** Whether a state of a cluster's object may be seen by how things were at a revision. */
  isVisible(watched: Watched, cluster: string, state: State, at: Revision): boolean;
  /** The revisions in an interval at which something of a cluster's bindings changed. */
  turns(cluster: string, after: Revision, upTo: Revision): readonly Revision[];
}

function stateOf(value: Uint8Array | undefined, revision: Revision | undefined): State | undefined {
  return value === undefined || revision === undefined
    ? undefined
    : { object: parseStored<KubeObject>(value), revision };
}

function changeOf(event: StoreEvent, shard: number): TrueChange {
  const { cluster, namespace, name } = parseKey(event.key);
  const { revision, previous } = event;
  return {
    revision,
    shard,
    cluster,
    id: `${cluster}/${namespace}/${name}`,
    before: stateOf(previous?.value, previous?.revision),
    after: event.type === 'put' ? stateOf(event.value, revision) : undefined,
  };
}

function selects({ selector }: Claim, { metadata }: KubeObject): boolean {
  if (selector.matchAll === true) return true;
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
}

export function truthOf(shards: Iterable<SimShard>, numbers: ReadonlyMap<string, number>): Truth {
  const changes: Record<Watched, TrueChange[]> = { exported: [], claimed: [] };
  /** By cluster, then by key. */
  const bindings = new Map<string, Map<string, BindingState[]>>();
  for (const { name, disk } of shards) {
    const number = numbers.get(name) ?? 0;
    for (const event of disk.log) {
      const { group: keyGroup, resource: plural, cluster } = parseKey(event.key);
      if (keyGroup === group && plural === resource) changes.exported.push(changeOf(event, number));
      else if (plural === 'configmaps') changes.claimed.push(changeOf(event, number));
      else if (plural === 'apibindings') {
        const ofCluster = bindings.get(cluster) ?? new Map<string, BindingState[]>();
        bindings.set(cluster, ofCluster);
        const states = ofCluster.get(event.key) ?? [];
        ofCluster.set(event.key, states);
        const binding = event.type === 'put' ? parseStored<Binding>(event.value) : undefined;
        states.push({ from: event.revision, binding });
      }
    }
  }
  const inOrder = (one: TrueChange, other: TrueChange) => one.revision - other.revision || one.shard - other.shard;
  changes.exported.sort(inOrder);
  changes.claimed.sort(inOrder);

  function bindingsAt(cluster: string, at: Revision): readonly Binding[] {
    return [...(bindings.get(cluster)?.values() ?? [])].flatMap(
      (states) => states.findLast(({ from }) => from <= at)?.binding ?? [],
    );
  }

  function hasBound({ status }: Binding): boolean {
    return status?.boundResources?.some((bound) => bound.resource === resource) === true;
  }

  /** What a binding has is seen before all is bound; what it grants is not. */
  function isComplete({ status }: Binding): boolean {
    return status?.apiExportClusterName !== undefined && isTrueCondition(status.conditions, 'InitialBindingCompleted');
  }

  return {
    changes: (watched) => changes[watched],
    turns: (cluster, after, upTo) =>
      [...(bindings.get(cluster)?.values() ?? [])].flatMap((states) =>
        states.flatMap(({ from }) => (from > after && from <= upTo ? [from] : [])),
      ),
    isVisible(watched, cluster, { object }, at) {
      return bindingsAt(cluster, at).some((binding) => {
        const { spec, status, metadata } = binding;
        if (spec?.reference?.export?.name !== resource) return false;
        if (watched === 'exported') return hasBound(binding);
        if (!isComplete(binding) || metadata.deletionTimestamp !== undefined) return false;
        const isAskedFor = status?.exportPermissionClaims?.some((claim) => claim.resource === 'configmaps') === true;
        const claim = spec?.permissionClaims?.find((one) => one.resource === 'configmaps');
        return isAskedFor && claim?.state === 'Accepted' && selects(claim, object);
      });
    },
  };
}
