/** The served copies: what the feeds say of the replicated kinds, with the annotations that say where each came from. Nobody else writes them. */
import type { KubeObject } from '@kcp-ts/meta';
import type { ServedResource, Surface } from '@kcp-ts/registry';
import { storedObject } from '@kcp-ts/registry';
import type { FeedEntry, FeedSink } from '@kcp-ts/replication';
import type { Operation, Store } from '@kcp-ts/storage';
import { parseKey, parseStored } from '@kcp-ts/storage';
import { onShard } from './cached-kinds.ts';
import type { OrderedWriter } from './raw-feeds.ts';

const replicateAnnotation = 'internal.kcp.io/replicate';

interface Copy {
  readonly key: string;
  readonly served: ServedResource;
}

export function createCopies(store: Store, writer: OrderedWriter, surface: Surface): FeedSink {
  /** Where an entry is copied to; undefined for kinds that are not. */
  function copyOf(shard: string, key: string): Copy | undefined {
    const { group, resource, cluster, namespace, name } = parseKey(key);
    const found = surface.findAny(group, resource);
    if (found === undefined) return undefined;
    const served = onShard(found, shard);
    return { served, key: `${served.prefix}${cluster}/${namespace}/${name}` };
  }

  function copied(shard: string, key: string, value: Uint8Array): KubeObject | undefined {
    const object = parseStored<KubeObject>(value);
    const { metadata } = object;
    const { group, resource, cluster } = parseKey(key);
    // Of most logical clusters only a projection travels: that is no copy.
    if (
      group === 'core.kcp.io' &&
      resource === 'logicalclusters' &&
      metadata.annotations?.[replicateAnnotation] === undefined
    )
      return undefined;
    metadata.annotations = {
      ...metadata.annotations,
      'kcp.io/cluster': cluster,
      'kcp.io/shard': shard,
      'cache.kcp.io/original-resource-version': metadata.resourceVersion ?? '',
      'cache.kcp.io/original-resource-UID': metadata.uid ?? '',
    };
    return object;
  }

  function operationOf(shard: string, { key, value }: FeedEntry): Operation | undefined {
    const copy = copyOf(shard, key);
    if (copy === undefined) return undefined;
    const object = value === undefined ? undefined : copied(shard, key, value);
    if (object === undefined) return { op: 'delete', key: copy.key, expect: 'any' };
    const { served } = copy;
    object.apiVersion = served.apiVersion;
    return { op: 'put', key: copy.key, expect: 'any', value: (revision) => storedObject(served, object, revision, 0) };
  }

  function operationsOf(shard: string, entries: readonly FeedEntry[]): Operation[] {
    const newest = new Map(entries.map((entry) => [entry.key, entry]));
    return [...newest.values()].flatMap((entry) => operationOf(shard, entry) ?? []);
  }

  function removals(shard: string, but: ReadonlySet<string>): readonly Operation[] {
    const entries = store.scan({ prefix: '' }, Number.POSITIVE_INFINITY);
    return entries.flatMap(({ key }): Operation[] =>
      key.split('/')[2] === shard && !but.has(key) ? [{ op: 'delete', key, expect: 'any' }] : [],
    );
  }

  return {
    apply: ({ name }, entries) => writer.write(name, operationsOf(name, entries)),
    begin({ name }) {
      const seen = new Set<string>();
      writer.begin(name);
      return {
        add(entries) {
          const operations = operationsOf(name, entries);
          for (const { op, key } of operations) if (op === 'put') seen.add(key);
          writer.write(name, operations);
        },
        end: () => writer.write(name, () => removals(name, seen)),
      };
    },
    removed(shard) {
      writer.begin(shard);
      writer.write(shard, () => removals(shard, new Set()));
    },
  };
}
