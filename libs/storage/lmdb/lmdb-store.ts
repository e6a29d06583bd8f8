import type { Backend, Flush } from '../engine/backend.ts';
import { noSpace, StorageFault, takesRoom } from '../engine/backend.ts';
import type { StoreOptions } from '../engine/create-store.ts';
import { createStore } from '../engine/create-store.ts';
import { withTransformer } from '../engine/transform-backend.ts';
import type { Store } from '../store.ts';
import type { ValueTransformer } from '../value-transformer.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { openDiskReserve } from './disk-reserve.ts';
import { openLmdbBackend } from './lmdb-backend.ts';

export interface LmdbStoreOptions extends StoreOptions {
  /** A folder; made when it is not there. One process at a time may have it open. */
  readonly path: string;
  /**
   * The address space that the data may take, at most; none of it is used before it is needed. 64
   * GiB when absent.
   */
  readonly mapSizeBytes?: number | undefined;
  /**
   * Whether some megabytes of the disk are kept, so that objects can be deleted when it is full.
   */
  readonly reserve?: boolean | undefined;
  /** Encrypts what lies on the disk; in the clear when absent. */
  readonly transformer?: ValueTransformer | undefined;
}

/**
 * Pages that are written again for a flush, whatever it holds, and for each write in it: of the
 * tables that it changes, and of what leads to them.
 */
const flushBytes = 256 * 1024;
const writeBytes = 5 * 4096;

/**
 * At most what a flush takes of the disk: an object is stored as it is now, and in the history as
 * it is and as it was.
 */
function bytesOf({ writes }: Flush): number {
  let bytes = flushBytes;
  for (const { event } of writes) {
    const before = event.previous?.value.length ?? 0;
    bytes += writeBytes + event.key.length * 4 + (event.type === 'put' ? event.value.length * 2 : 0) + before;
  }
  return bytes;
}

function withReserve(backend: Backend, reserve: DiskReserve): Backend {
  const write = backend.write.bind(backend);
  return Object.assign(backend, {
    refusesGrowth: () => reserve.isFull(),
    async write(flush: Flush) {
      if (!(await reserve.admit(bytesOf(flush), flush.writes.some(takesRoom)))) throw new StorageFault(noSpace);
      await write(flush);
    },
  });
}

/** The embedded engine: an acknowledged commit outlives the process and the machine's power. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { path, mapSizeBytes = 2 ** 36, transformer } = options;
  const backend = withTransformer(openLmdbBackend({ path, mapSizeBytes }), transformer);
  const kept =
    options.reserve === true ? withReserve(backend, await openDiskReserve(options.path, options.clock)) : backend;
  return await createStore(kept, options);
}
