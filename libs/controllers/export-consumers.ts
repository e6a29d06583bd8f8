/**
 * Says, for each export that anybody on this shard is bound to, that somebody is: one small object an export, which other shards follow. So the shard of
 * a provider knows where its consumers are without hearing of each of them.
 */
import type { Controller } from '@kcp-ts/controller-runtime';
import { eachBatch, encodeStored } from '@kcp-ts/storage';
import type { BindingIndex } from './binding-index.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain } from './writer.ts';

/** `<hash of the export>/<shard>` follows: in the system cluster of shards, by export first, so that its shards are a range. */
export const exportConsumersPrefix = 'internal.kcp.io/exportconsumers/-/system:shard/';

const noFingerprint = '0000000000000000';

/** The export's hash that a key is about, and the shard that says it. */
export function parseExportConsumersKey(key: string): { readonly shard: string; readonly hash: string } {
  const [hash = '', shard = ''] = key.slice(exportConsumersPrefix.length).split('/');
  return { shard, hash };
}

export interface ExportConsumersDependencies extends ControllerDependencies {
  readonly bindings: BindingIndex;
  readonly ownShard: string;
}

export function createExportConsumers(deps: ExportConsumersDependencies): Controller {
  const turned = new Set<string>();
  deps.bindings.onTurn((hash) => turned.add(hash));
  return {
    name: 'export-consumers',
    wake() {
      if (turned.size === 0) return [];
      const hashes = [...turned];
      turned.clear();
      return hashes;
    },
    async *resume() {
      yield* deps.bindings.exports();
      for await (const entries of eachBatch(deps.store, { prefix: exportConsumersPrefix }))
        for (const { key } of entries) yield parseExportConsumersKey(key).hash;
    },
    async reconcile(hash, decision) {
      const key = `${exportConsumersPrefix}${hash}/${deps.ownShard}`;
      const entry = decision.peek(key);
      const bound = deps.bindings.consumers(hash).size > 0;
      if (bound === (entry !== undefined)) return undefined;
      const value = () => encodeStored(noFingerprint, 0, '{}');
      return commitOrAgain(decision, [
        entry === undefined
          ? { op: 'put', key, expect: 'absent', value }
          : { op: 'delete', key, expect: entry.revision },
      ]);
    },
  };
}
