/**
 * What each service may do on NATS: a shard publish its own feed, everybody follow all of them, and
 * nothing else.
 */
import { subjectSegment } from '../subject.ts';

const feeds = 'kcp.feed';

/** Of one user in the server's configuration. */
export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[] } | { readonly deny: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
}

/**
 * `shard`: the name of the shard whose feed the user publishes; undefined for a service that only
 * follows.
 */
export function natsPermissions(shard: string | undefined): NatsPermissions {
  return {
    publish: shard === undefined ? { deny: ['>'] } : { allow: [`${feeds}.${subjectSegment(shard)}`] },
    subscribe: { allow: [`${feeds}.*`] },
  };
}
