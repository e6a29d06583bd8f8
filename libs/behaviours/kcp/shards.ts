/** Shards: every URL defaults to the base URL, and the label `name` makes a shard selectable by its name. */
import type { Behaviour } from '@kcp-ts/registry';

interface ShardSpec {
  baseURL?: string;
  externalURL?: string;
  virtualWorkspaceURL?: string;
}

function complete(object: { metadata: { name: string; labels?: Record<string, string> }; spec?: ShardSpec }): void {
  const { spec, metadata } = object;
  metadata.labels = { ...metadata.labels, name: metadata.labels?.['name'] ?? metadata.name };
  if (spec?.baseURL === undefined) return;
  spec.externalURL ??= spec.baseURL;
  spec.virtualWorkspaceURL ??= spec.baseURL;
}

export function createShardsBehaviour(): Behaviour {
  return {
    prepareCreate: (object) => complete(object as Parameters<typeof complete>[0]),
    prepareUpdate: (object) => complete(object as Parameters<typeof complete>[0]),
  };
}
