import type { Slices } from '@kcp-ts/base';
import type { Entry } from '@kcp-ts/storage';

/** Encodes an item of a list; a large one in slices. */
export type ItemEncoder = (entry: Entry, slices: Slices) => Uint8Array | Promise<Uint8Array>;
