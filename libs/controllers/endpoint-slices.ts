/**
 * APIExportEndpointSlices say where a provider finds its consumers: one URL for all shards, there
 * while anybody is bound, narrowed by a partition.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, ConditionChange, KubeObject, LabelSelectorSpec, LogicalClusterName } from '@kcp-ts/api';
import { compileLabelSelector, labelSelectorOf, withCondition } from '@kcp-ts/api';
import type { Controller, Outcome } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import type { ApiExport } from '@kcp-ts/sharing';
import {
  exportConsumersPrefix,
  exportHash,
  exportKey,
  exportsPrefix,
  parseExportConsumersKey,
  slicesPrefix,
} from '@kcp-ts/sharing';
import type { Entry, ParsedReader, Reads } from '@kcp-ts/storage';
import { kindPrefix, parseKey, parseStored } from '@kcp-ts/storage';
import type { Shard } from '@kcp-ts/tenancy';
import type { BindingIndex } from './binding-index.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface EndpointSliceDependencies extends ControllerDependencies {
  readonly reader: ParsedReader;
  readonly bindings: BindingIndex;
  resolve(path: string): string | undefined;
  shards(): readonly Shard[];
  readonly ownShard: string;
  /** Other shards with consumers of an export, by its hash. */
  otherShardsOfConsumers(exportHash: string): readonly string[];
  /** `topology.kcp.io/partitions/<identity>/`. */
  partitionsPrefix(): string;
}

interface Slice extends KubeObject {
  spec?: { export?: { path?: string; name: string }; partition?: string };
  status?: { conditions?: Condition[]; endpoints?: { url: string }[]; shardSelector?: string };
}

interface Partition extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelectorSpec };
}

function selectorText(selector: LabelSelectorSpec): string {
  return labelSelectorOf(selector)
    .map((requirement) =>
      'values' in requirement ? `${requirement.key}=${requirement.values.join(',')}` : requirement.key,
    )
    .join(',');
}

// check-allow function-length -- one reconciler: its functions share which slices are stale
export function createEndpointSlices(deps: EndpointSliceDependencies): Controller {
  const served = () => deps.served('apis.kcp.io', 'apiexportendpointslices');
  /**
   * Slices by the export they are about, to be reconciled with it; there are as many as exports.
   */
  const byExport = new Map<string, Set<string>>();

  function exportOf(
    slice: Slice,
    own: string,
  ): { readonly cluster: string | undefined; readonly path: string; readonly name: string } {
    const { path = own, name = '' } = slice.spec?.export ?? {};
    return { cluster: deps.resolve(path), path, name };
  }

  function partitionOf(
    decision: Reads,
    slice: Slice,
    cluster: LogicalClusterName,
  ):
    | { readonly selector: LabelSelectorSpec; readonly condition: ConditionChange }
    | { readonly condition: ConditionChange } {
    const name = slice.spec?.partition;
    if (name === undefined || name === '')
      return { selector: {}, condition: { type: 'PartitionValid', status: 'True' } };
    const key = `${deps.partitionsPrefix()}${cluster}//${name}`;
    decision.get(key);
    const partition = deps.reader.get<Partition>(key);
    if (partition !== undefined)
      return { selector: partition.spec?.selector ?? {}, condition: { type: 'PartitionValid', status: 'True' } };
    const message = `Partition ${JSON.stringify(name)} not found`;
    return {
      condition: {
        type: 'PartitionValid',
        status: 'False',
        severity: 'Error',
        reason: 'PartitionInvalidReference',
        message,
      },
    };
  }

  function statusOf(decision: Reads, slice: Slice, own: string): NonNullable<Slice['status']> {
    const now = timestamp(deps);
    const { cluster, path, name } = exportOf(slice, own);
    if (cluster !== undefined) decision.get(exportKey(cluster, name));
    const source = cluster === undefined ? undefined : deps.reader.get<ApiExport>(exportKey(cluster, name));
    const missing = {
      type: 'APIExportValid',
      status: 'False',
      severity: 'Error',
      reason: 'APIExportNotFound',
      message: `Error getting APIExport ${path}|${name}`,
    } as const;
    let conditions = withCondition(
      slice.status?.conditions ?? [],
      source === undefined ? missing : { type: 'APIExportValid', status: 'True' },
      now,
    );
    const partition = partitionOf(decision, slice, own);
    conditions = withCondition(conditions, partition.condition, now);
    const selector = 'selector' in partition ? partition.selector : undefined;
    const endpoints = cluster === undefined || source === undefined ? [] : endpointsOf(cluster, name, selector);
    const text = selector === undefined ? '' : selectorText(selector);
    return {
      conditions,
      ...(endpoints.length === 0 ? {} : { endpoints }),
      ...(text === '' ? {} : { shardSelector: text }),
    };
  }

  /** Shards with somebody who is bound to an export. */
  function shardsWithConsumers(hash: string): ReadonlySet<string> {
    const own = deps.bindings.consumers(hash).size > 0 ? [deps.ownShard] : [];
    return new Set([...own, ...deps.otherShardsOfConsumers(hash)]);
  }

  /** One URL for all shards; a partition that leaves some out says so in it. */
  function endpointsOf(
    cluster: LogicalClusterName,
    name: string,
    selector: LabelSelectorSpec | undefined,
  ): { url: string }[] {
    if (selector === undefined) return [];
    const matches = compileLabelSelector(labelSelectorOf(selector));
    const all = deps.shards();
    const selected = all.filter(({ metadata }) => matches(metadata.labels));
    const bound = shardsWithConsumers(exportHash(cluster, name));
    const [shard] = selected;
    const url = shard?.spec?.virtualWorkspaceURL ?? shard?.spec?.baseURL;
    if (url === undefined || !selected.some(({ metadata }) => bound.has(metadata.name))) return [];
    const narrowed = selected.length === all.length ? '' : `/shards/${encodeURIComponent(selectorText(selector))}`;
    return [{ url: `${url}/services/apiexport/${cluster}/${name}${narrowed}` }];
  }

  function remember(key: string, slice: Slice, own: string): void {
    const { cluster, name } = exportOf(slice, own);
    if (cluster === undefined) return;
    const hash = exportHash(cluster, name);
    const keys = byExport.get(hash) ?? new Set<string>();
    keys.add(key);
    byExport.set(hash, keys);
  }

  function forget(key: string): void {
    for (const [hash, keys] of byExport) if (keys.delete(key) && keys.size === 0) byExport.delete(hash);
  }

  function update(decision: Reads, entry: Entry): Outcome {
    const slice = objectOf<Slice>(served(), entry);
    const { cluster } = parseKey(entry.key);
    remember(entry.key, slice, cluster);
    const status = statusOf(decision, slice, cluster);
    if (isDeepStrictEqual(status, slice.status)) return nothing;
    slice.status = status;
    return commit([replaceOperation(deps, served(), entry, slice)]);
  }

  function allKeys(): string[] {
    return [...byExport.values()].flatMap((keys) => [...keys]);
  }

  function slicesOf(hash: string): readonly string[] {
    return [...(byExport.get(hash) ?? [])];
  }

  return {
    name: 'apiexport-endpoint-slices',
    watches: [
      {
        prefix: slicesPrefix,
        initial({ key, value }) {
          remember(key, parseStored<Slice>(value), parseKey(key).cluster);
          return [key];
        },
        keys({ event: { key, type } }) {
          if (type === 'put') return [key];
          forget(key);
          return [];
        },
      },
      { prefix: exportsPrefix, keys: ({ parts }) => slicesOf(exportHash(parts.cluster, parts.name)) },
      { prefix: exportConsumersPrefix, keys: ({ event }) => slicesOf(parseExportConsumersKey(event.key).hash) },
      { prefix: deps.partitionsPrefix, keys: allKeys },
      { prefix: kindPrefix('core.kcp.io', 'shards'), keys: allKeys },
    ],
    sources: [{ subscribe: (enqueue) => deps.bindings.onTurn((hash) => enqueue(slicesOf(hash))) }],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      return entry === undefined ? nothing : update(decision, entry);
    },
  };
}
