/**
 * The names that the CRDs of a workspace have taken, by group: what a new CRD is compared with.
 * Read from the workspace's CRDs when it is first asked about and kept up by their changes, so that
 * one more CRD costs the same however many there are.
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { CustomResourceDefinition, ResourceNames } from '@kcp-ts/sharing';
import { clusterOfKey, definitionsPrefix } from '@kcp-ts/sharing';
import type { Entry, Store, StoreEvent } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { LRUCache } from 'lru-cache';
import { takenNames } from './crd-names.ts';

export interface TakenNames {
  readonly group: string;
  readonly names: Partial<ResourceNames>;
}

interface Taken extends TakenNames {
  readonly settled: boolean;
  /** Of the change that said so. */
  readonly revision: number;
}

export interface DefinitionNames {
  /**
   * Accepted names of a cluster's CRDs of a group, but for the one under `own`; those in `decided`
   * are as they are there.
   */
  others(
    cluster: LogicalClusterName,
    group: string,
    own: string,
    decided: ReadonlyMap<string, TakenNames>,
  ): Partial<ResourceNames>[];
  /** Keys of CRDs that wait for a name, or go away. */
  unsettled(cluster: LogicalClusterName): string[];
  /** To be called with every change of a CRD; whether a name is free since then. */
  changed(event: StoreEvent): boolean;
}

export interface DefinitionNamesDependencies {
  readonly store: Pick<Store, 'scan'>;
  readonly definitionsMax: number;
  isSettled(definition: CustomResourceDefinition): boolean;
}

const clustersMax = 1_000;

export function createDefinitionNames(deps: DefinitionNamesDependencies): DefinitionNames {
  const clusters = new LRUCache<string, Map<string, Taken>>({ max: clustersMax });

  function takenBy(value: Uint8Array, revision: number): Taken {
    const definition = parseStored<CustomResourceDefinition>(value);
    const { spec, status } = definition;
    const settled = deps.isSettled(definition);
    return { group: spec.group, names: status?.acceptedNames ?? {}, settled, revision };
  }

  function of(cluster: LogicalClusterName): ReadonlyMap<string, Taken> {
    const known = clusters.get(cluster);
    if (known !== undefined) return known;
    const entries: readonly Entry[] = deps.store.scan(
      { prefix: `${definitionsPrefix}${cluster}/` },
      deps.definitionsMax,
    );
    const read = new Map(entries.map(({ key, value, revision }) => [key, takenBy(value, revision)]));
    clusters.set(cluster, read);
    return read;
  }

  return {
    others(cluster, group, own, decided) {
      const names: Partial<ResourceNames>[] = [];
      for (const [key, taken] of of(cluster))
        if (taken.group === group && key !== own && !decided.has(key)) names.push(taken.names);
      for (const [key, taken] of decided) if (taken.group === group && key !== own) names.push(taken.names);
      return names;
    },
    unsettled: (cluster) => [...of(cluster)].flatMap(([key, { settled }]) => (settled ? [] : [key])),
    changed({ type, key, value, revision, previous }) {
      const known = clusters.peek(clusterOfKey(key, definitionsPrefix));
      const before = known?.get(key);
      const isOld = before !== undefined && before.revision > revision;
      if (type === 'delete') {
        if (!isOld) known?.delete(key);
        return true;
      }
      const now = takenBy(value, revision);
      if (!isOld) known?.set(key, now);
      if (previous === undefined) return false;
      const was = before !== undefined && before.revision < revision ? before : takenBy(previous.value, 0);
      return frees(was.names, now.names);
    },
  };
}

/** Whether some of the names are not among those of now. */
function frees(before: Partial<ResourceNames>, now: Partial<ResourceNames>): boolean {
  const [was, is] = [takenNames([before]), takenNames([now])];
  return !was.resources.isSubsetOf(is.resources) || !was.kinds.isSubsetOf(is.kinds);
}
