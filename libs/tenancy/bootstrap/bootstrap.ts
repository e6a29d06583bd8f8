/**
 * What must be there before anybody comes. On every shard: RBAC of system:admin. On the shard that
 * holds root: root with its types, exports and bindings; finding root's LogicalCluster means that
 * it has been bootstrapped, and since that object is written last, an interrupted bootstrap begins
 * again and overwrites. The others take over the identities of root's exports, and keep them: after
 * that they start without asking anybody.
 */

import { objectKey } from '@kcp-ts/registry';
import { adoptIdentities, readIdentities } from './adopt-identities.ts';
import type { BootstrapDependencies } from './bootstrap-dependencies.ts';
import { root } from './bootstrap-dependencies.ts';
import type { RootOptions } from './create-root.ts';
import { createRoot, updateHomeCreators, updateShard } from './create-root.ts';

export interface BootstrapOptions extends RootOptions {
  /** The workspace root is on this shard. */
  readonly holdsRoot: boolean;
}

/**
 * What there is can be read and deleted without room for more: a store that is full goes on saying
 * what it said, and tells its fault itself.
 */
async function unlessFull({ store }: Pick<BootstrapDependencies, 'store'>, update: () => Promise<void>): Promise<void> {
  try {
    await update();
  } catch (error) {
    if (store.fault() === undefined) throw error;
  }
}

/** Resolves when everything is there and root's identities are known. */
export async function bootstrap(deps: BootstrapDependencies, options: BootstrapOptions): Promise<void> {
  if (!options.holdsRoot) return adoptIdentities(deps);
  const rootKey = objectKey(deps.served('core.kcp.io', 'logicalclusters'), root, '', 'cluster');
  if (!readIdentities(deps) || deps.store.head(rootKey) === undefined) await createRoot(deps, options);
  await unlessFull(deps, () => updateShard(deps, options));
  await unlessFull(deps, () => updateHomeCreators(deps, options));
}
