/** What the handlers of lists and watches over all shards share. */

import type { Revision } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ShardRecord } from '../membership/membership.ts';
import type { RequestHeaders } from './caller.ts';
import type { ShardConnections } from './shard-connections.ts';
import type { UpstreamWatches } from './upstream-watches.ts';

export interface MergeDependencies {
  readonly shards: ShardConnections;
  readonly upstreamWatches: UpstreamWatches;
  readonly clock: Clock;
  readonly random: Random;
  /** Events up to a revision were just sent to a client. */
  readonly emitted?: ((revision: Revision) => void) | undefined;
}

/** A request about the consumers of an export on several shards. */
export interface MergedRequest {
  /** As the shards know it. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: RequestHeaders;
  includes(shard: ShardRecord): boolean;
  /**
   * The shard of the export, or another one in its place: its answer decides where others do not
   * know the export, or its rights, yet.
   */
  readonly decider: ShardRecord | undefined;
}

/** How long shards may differ in what they know of an export and its rights. */
export const agreeMs = 1_000;

/** Statuses that a shard may answer because it does not know yet what others know. */
export function mayBeLate(status: number): boolean {
  return status === 401 || status === 403 || status === 404;
}

/**
 * The client's query without what says where a list or watch begins: that is this service's to say.
 */
export function restOfQuery(query: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(query);
  for (const name of [
    'watch',
    'resourceVersion',
    'resourceVersionMatch',
    'sendInitialEvents',
    'allowWatchBookmarks',
    'timeoutSeconds',
    'limit',
    'continue',
  ])
    rest.delete(name);
  return rest;
}

/** A header for each shard of which nothing can be shown now. */
export function missingWarnings(missing: readonly ShardRecord[]): string[] {
  return missing.map(
    ({ name }) =>
      `299 - "shard ${name.replaceAll(/[^A-Za-z0-9.-]/g, '?')} is not available: what lies on it is not shown until it is back"`,
  );
}
