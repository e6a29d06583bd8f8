/**
 * Shards: every URL defaults to the base URL, and the label `name` makes a shard selectable by its
 * name. Deleting one takes the shard out of the installation, which it must be empty for while it
 * is alive.
 */
import { StatusError } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';

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

export interface ShardsDependencies {
  /** How many logical clusters a living shard of several has; 0 for any other. */
  clustersOn(shard: string): number;
}

export function createShardsStrategy(deps: ShardsDependencies): Strategy {
  return {
    admitDelete(object, { served }) {
      const { name } = object.metadata;
      const count = deps.clustersOn(name);
      if (count === 0) return;
      throw StatusError.forbidden(served.definition, name, `the shard still has ${count} logical clusters`);
    },
    prepareCreate: (object) => complete(object as Parameters<typeof complete>[0]),
    prepareUpdate: (object) => complete(object as Parameters<typeof complete>[0]),
  };
}
