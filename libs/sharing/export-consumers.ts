/**
 * Objects by which shards tell each other which exports their workspaces are bound to: one for an
 * export and a shard.
 */
import type { Store } from '@kcp-ts/storage';
import { resourcePrefix } from '@kcp-ts/storage';

/**
 * `<hash of the export>/<shard>` follows: in the system cluster of shards, by export first, so that
 * its shards are a range.
 */
export const exportConsumersPrefix = `${resourcePrefix('internal.kcp.io', 'exportconsumers', '-')}system:shard/`;

/** Of the shards of an installation. */
const shardsMax = 4_096;

/** The export's hash that a key is about, and the shard that says it. */
export function parseExportConsumersKey(key: string): { readonly shard: string; readonly hash: string } {
  const [hash = '', shard = ''] = key.slice(exportConsumersPrefix.length).split('/');
  return { shard, hash };
}

/**
 * The other shards with a workspace that is bound to an export. `objects`: the replicated ones of
 * other shards.
 */
export function shardsOfConsumers(objects: Pick<Store, 'scan'>, exportHash: string): readonly string[] {
  return objects
    .scan({ prefix: `${exportConsumersPrefix}${exportHash}/` }, shardsMax)
    .map(({ key }) => parseExportConsumersKey(key).shard);
}
