import type { StoreOptions } from '../engine/create-store.ts';
import { createStore } from '../engine/create-store.ts';
import type { Store } from '../store.ts';
import { openLmdbBackend } from './lmdb-backend.ts';

export interface LmdbStoreOptions extends StoreOptions {
  /** A folder; made when it is not there. One process at a time may have it open. */
  readonly path: string;
  /** The address space that the data may take, at most; none of it is used before it is needed. 64 GiB when absent. */
  readonly mapSizeBytes?: number | undefined;
}

/** The embedded engine: an acknowledged commit outlives the process and the machine's power. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const backend = openLmdbBackend({ path: options.path, mapSizeBytes: options.mapSizeBytes ?? 2 ** 36 });
  return await createStore(backend, options);
}
