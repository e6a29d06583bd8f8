/**
 * Says, for each export that anybody on this shard is bound to, that somebody is: one small object
 * an export, which other shards follow. So the shard of a provider knows where its consumers are
 * without hearing of each of them.
 */

import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import { exportConsumersPrefix, parseExportConsumersKey } from '@kcp-ts/sharing';
import { encodeStored } from '@kcp-ts/storage';
import type { BindingIndex } from './binding-index.ts';
import type { ControllerDependencies } from './writer.ts';

const noFingerprint = '0000000000000000';

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
