import type { LogicalClusterName } from '@kcp-ts/api';
import type { ParsedReader, Store } from '@kcp-ts/storage';
import { exportsPrefix } from './keys.ts';
import type { ApiExport } from './types.ts';

const exportsMax = 5_000;

/**
 * The exports of a logical cluster, on whatever shard it is. `objects`: of this shard, and the
 * replicated ones of others.
 */
export function exportsOf(
  { objects, reader }: { readonly objects: Pick<Store, 'scan'>; readonly reader: Pick<ParsedReader, 'parse'> },
  cluster: LogicalClusterName,
): readonly ApiExport[] {
  return objects
    .scan({ prefix: `${exportsPrefix}${cluster}/` }, exportsMax)
    .map((entry) => reader.parse<ApiExport>(entry));
}
