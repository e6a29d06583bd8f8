/**
 * Says, for each export that anybody on this shard is bound to, that somebody is: one small object an export, which other shards follow. So the shard of
 * a provider knows where its consumers are without hearing of each of them.
 */
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import type { Store } from '@kcp-ts/storage';
import { encodeStored, resourcePrefix } from '@kcp-ts/storage';
import type { BindingIndex } from './binding-index.ts';
import type { ControllerDependencies } from './writer.ts';

/** `<hash of the export>/<shard>` follows: in the system cluster of shards, by export first, so that its shards are a range. */
export const exportConsumersPrefix = `${resourcePrefix('internal.kcp.io', 'exportconsumers', '-')}system:shard/`;

const noFingerprint = '0000000000000000';

/** The export's hash that a key is about, and the shard that says it. */
export function parseExportConsumersKey(key: string): { readonly shard: string; readonly hash: string } {
  const [hash = '', shard = ''] = key.slice(exportConsumersPrefix.length).split('/');
  return { shard, hash };
}

/** Of the shards of an installation. */
const shardsMax = 4_096;

/** The other shards with a workspace that is bound to an export. `objects`: the replicated ones of other shards. */
export function shardsOfConsumers(objects: Pick<Store, 'scan'>, exportHash: string): readonly string[] {
  return objects
    .scan({ prefix: `${exportConsumersPrefix}${exportHash}/` }, shardsMax)
    .map(({ key }) => parseExportConsumersKey(key).shard);
}

export interface ExportConsumersDependencies extends ControllerDependencies {
  readonly bindings: BindingIndex;
  readonly ownShard: string;
}

export function createExportConsumers(deps: ExportConsumersDependencies): Controller {
  return {
    name: 'export-consumers',
    watches: [{ prefix: exportConsumersPrefix, initial: ({ key }) => [parseExportConsumersKey(key).hash] }],
    sources: [{ subscribe: (enqueue) => deps.bindings.onTurn((hash) => enqueue([hash])) }],
    initialKeys: () => deps.bindings.exports(),
    reconcile(hash, decision) {
      const key = `${exportConsumersPrefix}${hash}/${deps.ownShard}`;
      const entry = decision.peek(key);
      const bound = deps.bindings.consumers(hash).size > 0;
      if (bound === (entry !== undefined)) return nothing;
      const value = () => encodeStored(noFingerprint, 0, '{}');
      return commit([
        entry === undefined
          ? { op: 'put', key, expect: 'absent', value }
          : { op: 'delete', key, expect: entry.revision },
      ]);
    },
  };
}
