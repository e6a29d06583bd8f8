/**
 * The objects that the cache serves: copies of what the feeds say of the replicated kinds, with the
 * annotations that say where each came from. Nothing but the feeds writes them.
 */

import type { KubeObject } from '@kcp-ts/api';
import type { ApiSurface, ServedResource } from '@kcp-ts/registry';
import { storedObject } from '@kcp-ts/registry';
import { replicateAnnotation } from '@kcp-ts/sharing';
import type { Operation, Store } from '@kcp-ts/storage';
import { parseKey, parseStored } from '@kcp-ts/storage';
import type { FeedEntry, FeedHandler } from '../feed/feed.ts';
import { onShard } from './cached-kinds.ts';
import { createCopyHandler } from './copy-handler.ts';
import type { OrderedWriter } from './ordered-writer.ts';

interface Copy {
  readonly key: string;
  readonly served: ServedResource;
}

/** Writes the copies to `store`. */
export function createCachedObjects(store: Store, writer: OrderedWriter, surface: ApiSurface): FeedHandler {
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

  return createCopyHandler(writer, {
    operationOf,
    keysOf: (shard) =>
      store
        .scan({ prefix: '' }, Number.POSITIVE_INFINITY)
        .flatMap(({ key }) => (key.split('/')[2] === shard ? [key] : [])),
  });
}
