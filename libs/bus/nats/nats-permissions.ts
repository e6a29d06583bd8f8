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
 * follows. `*` is one user for all shards, and gives something up: a shard that was taken over
 * could then publish false changes in the feed of any other.
 */
export function natsPermissions(shard: string | undefined): NatsPermissions {
  const ofShard = (name: string) => (name === '*' ? name : subjectSegment(name));
  return {
    publish: shard === undefined ? { deny: ['>'] } : { allow: [`${feeds}.${ofShard(shard)}`] },
    subscribe: { allow: [`${feeds}.*`] },
  };
}
