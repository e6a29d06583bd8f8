/** Watches of other services as the API server writes them: in frames (`frames.ts`). */
import { revisionZero } from '@kcp-ts/api';
import type { Peer } from '@kcp-ts/http';
import type { StreamSerializer } from '@kcp-ts/watch';
import { encodeWatchFrame, framedAcceptHeader, framedWatchType, watchedKindHeader } from './frames.ts';

/**
 * `isService`: whether a connection is that of another service of the installation; others get no
 * frames.
 */
export function createFramedWatch(isService: (peer: Peer) => boolean): StreamSerializer {
  return {
    mediaType: framedWatchType,
    acceptHeader: framedAcceptHeader,
    isWanted: ({ headers, peer }) => headers['accept'] === framedWatchType && isService(peer),
    headers: (kind) => ({ [watchedKindHeader]: JSON.stringify(kind) }),
    event: (revision, event) => encodeWatchFrame('event', revision, event),
    progress: (revision) => encodeWatchFrame('progress', revision),
    error: (status) => encodeWatchFrame('error', revisionZero, status),
  };
}
