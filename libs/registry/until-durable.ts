import type { Revision } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';

/**
 * Resolves when a client may be answered what follows from a state that was read with `peek`, of
 * that revision: it is durable, so nobody reads an older one after the answer. Rejects with
 * StatusError ServiceUnavailable where it never will be.
 */
export async function untilDurable(store: Store, key: string, revision: Revision | undefined): Promise<void> {
  if (store.head(key)?.revision !== revision) await store.commit([]);
}
