/**
 * `/services/apiexport/<cluster>/<export>[/shards/<selector>]/clusters/<cluster or *>/…`, taken
 * apart.
 */

import type { LabelSelector } from '@kcp-ts/api';
import { parseLabelSelector } from '@kcp-ts/api';
import { splitCluster } from '@kcp-ts/apiserver';
import { decodeSegment } from '@kcp-ts/http';

const apiExportPrefix = '/services/apiexport/';

export interface ExportPath {
  /** The workspace of the export, by path or name. */
  readonly owner: string;
  /** Which shards' consumers are shown. */
  readonly shards: LabelSelector;
  /** The consumer, by path or name, or `*`. */
  readonly consumer: string;
  /** Behind `/clusters/<consumer>`, without the query. */
  readonly rest: string;
  /** As the shards know it: without the selection of shards, the consumer's text replaced. */
  path(consumer: string): string;
}

/**
 * Undefined for a path of another form. Throws StatusError BadRequest for a selector that is none.
 */
export function parseExportPath(path: string): ExportPath | undefined {
  if (!path.startsWith(apiExportPrefix)) return undefined;
  const [owner = '', name = '', ...behind] = path.slice(apiExportPrefix.length).split('/');
  if (owner === '' || name === '') return undefined;
  const selection = behind[0] === 'shards' ? decodeSegment(behind[1] ?? '') : '';
  const split = splitCluster(`/${(behind[0] === 'shards' ? behind.slice(2) : behind).join('/')}`);
  if (split === undefined) return undefined;
  return {
    owner: decodeSegment(owner),
    shards: parseLabelSelector(selection),
    consumer: split.cluster,
    rest: split.rest,
    path: (consumer) => `${apiExportPrefix}${owner}/${name}/clusters/${consumer}${split.rest}`,
  };
}
