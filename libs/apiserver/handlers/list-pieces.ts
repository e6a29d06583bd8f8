/**
 * Reads a long list in pieces, all at one revision, and yields to the event loop between them.
 */

import type { Revision } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { BodyStream, Exchange } from '@kcp-ts/http';
import type { Entry } from '@kcp-ts/storage';
import type { Page, ReadOptions } from '../read-entries.ts';
import { readPage } from '../read-entries.ts';
import { readKeys } from '../read-keys.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ItemEncoder } from './item-encoder.ts';
import type { Reading } from './reading.ts';

/** An unlimited list is read and sent in pieces of this many objects and bytes. */
export const pieceObjects = 500;
export const pieceBytes = 1024 * 1024;

export async function itemsOf(encode: ItemEncoder, entries: readonly Entry[], slices: Slices): Promise<Uint8Array[]> {
  const items: Uint8Array[] = [];
  for (const entry of entries) {
    const pause = slices.pause();
    if (pause !== undefined) await pause;
    const item = encode(entry, slices);
    items.push(item instanceof Promise ? await item : item);
  }
  return items;
}

type PageBounds = Pick<ReadOptions, 'at' | 'after' | 'limit' | 'bytesMax'>;

export function pageOf({ deps, served }: ResourceCall, from: Reading, bounds: PageBounds): Promise<Page> {
  const { ranges, keys, slices, filter, keyFilter } = from;
  const options = { ...bounds, slices, filter, keyFilter };
  return keys === undefined
    ? readPage(deps.store, served, ranges, options)
    : readKeys(deps.store, served, keys, options);
}

export function nextPage(call: ResourceCall, from: Reading, at: Revision, after: string | undefined): Promise<Page> {
  return pageOf(call, from, { at, after, limit: pieceObjects, bytesMax: pieceBytes });
}

/** Resolves when more may be written, or when nobody is there to read it. */
export function drained(body: BodyStream, exchange: Exchange): Promise<void> {
  return new Promise((resolve) => {
    body.onDrain(resolve);
    exchange.onClose(resolve);
  });
}
