/** What each service may publish on NATS: a shard its own feed, everybody what JetStream needs to be asked, and nothing else. */
import { subjectSegment } from '../subject.ts';

export const feedStream = 'KCP_FEEDS';
export const feedSubjects = 'kcp.feed.*';

/** Of one user in the server's configuration. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const jetStream = [
  '$JS.API.INFO',
  `$JS.API.STREAM.CREATE.${feedStream}`,
  `$JS.API.STREAM.INFO.${feedStream}`,
  `$JS.API.CONSUMER.CREATE.${feedStream}`,
  `$JS.API.CONSUMER.CREATE.${feedStream}.>`,
  `$JS.API.CONSUMER.INFO.${feedStream}.*`,
  `$JS.API.CONSUMER.DELETE.${feedStream}.*`,
  `$JS.API.CONSUMER.MSG.NEXT.${feedStream}.*`,
];

/** `shard`: the name of the shard whose feed the user publishes; undefined for a service that only follows. */
export function natsPermissions(shard: string | undefined): NatsPermissions {
  const own = shard === undefined ? [] : [`kcp.feed.${subjectSegment(shard)}`];
  return { publish: [...own, ...jetStream], subscribe: ['_INBOX.>'] };
}
