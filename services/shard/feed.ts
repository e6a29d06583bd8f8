/** What leaves a shard with its feed, by the marks and lists that its controllers make. */
import { exportConsumersPrefix, isMarked } from '@kcp-ts/controllers';
import { createFeedContents } from '@kcp-ts/sharding';

export const feedContents = createFeedContents({ exportConsumersPrefix, isMarked });
