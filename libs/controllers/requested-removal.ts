/** The removal of a logical cluster that another shard asks for. */
import type { ClusterName } from '@kcp-ts/api';
import type { Decision } from '@kcp-ts/storage';
import type { ClusterDeletion } from '@kcp-ts/tenancy';
import type { ClusterRemoval } from './cluster-removal.ts';
import { remainingMessage } from './cluster-removal.ts';

/**
 * Removes what can go of a cluster that the caller has seen. Resolves with undefined where another
 * writer was faster: the caller tries again.
 */
export function createRequestedRemoval(
  removal: ClusterRemoval,
  decide: () => Decision,
): (cluster: ClusterName) => Promise<ClusterDeletion | undefined> {
  return async (cluster) => {
    const outcome = await removal.remove(decide(), cluster, undefined);
    if (outcome.status === 'gone') return { gone: true };
    return outcome.status === 'waiting' ? { gone: false, message: remainingMessage(outcome.remaining) } : undefined;
  };
}
