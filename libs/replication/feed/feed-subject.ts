import { subjectSegment } from '@kcp-ts/bus';

/** All feeds. */
export const feedSubjects = 'kcp.feed.*';

/** The one subject that a shard publishes. */
export function feedSubject(shard: string): string {
  return `kcp.feed.${subjectSegment(shard)}`;
}
