import type { ClusterName } from '@kcp-ts/api';
import { asClusterName } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { every } from '@kcp-ts/base';
import { parseKey } from '@kcp-ts/storage';
import type { WatchHub } from '@kcp-ts/watch';
import { isLogicalClusterKey } from './logical-cluster-key.ts';

export interface ForgetDependencies {
  readonly clock: Clock;
  readonly changes: Pick<WatchHub, 'onChanges'>;
  /** Each is called with every logical cluster that is gone: nothing need be remembered of it. */
  readonly forget: readonly ((cluster: ClusterName) => void)[];
}

const sweepMs = 5_000;

/**
 * The last request for a cluster may cache an answer about it after its deletion: caches forget
 * deleted clusters a few seconds later, all of them together.
 */
export function forgetDeletedClusters({ clock, changes, forget }: ForgetDependencies): Disposable {
  const gone = new Set<ClusterName>();
  const following = changes.onChanges((changed) => {
    for (const { event } of changed)
      if (event.type === 'delete' && isLogicalClusterKey(event.key))
        gone.add(asClusterName(parseKey(event.key).cluster));
  });
  const sweeping = every(clock, sweepMs, () => {
    for (const cluster of gone) for (const one of forget) one(cluster);
    gone.clear();
  });
  return {
    [Symbol.dispose]() {
      sweeping[Symbol.dispose]();
      following[Symbol.dispose]();
    },
  };
}
