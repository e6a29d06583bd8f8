/**
 * Reads a long list in pieces, all at one revision, and yields to the event loop between them.
 */

import type { Revision } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { BodyStream, Exchange } from '@kcp-ts/http';
import type { Entry } from '@kcp-ts/storage';
import type { Page } from '../read-entries.ts';
import { readPage } from '../read-entries.ts';
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

export function nextPage(call: ResourceCall, from: Reading, at: Revision, after: string | undefined): Promise<Page> {
  return readPage(call.deps.store, call.served, from.ranges, {
    at,
    after,
    limit: pieceObjects,
    bytesMax: pieceBytes,
    slices: from.slices,
    filter: from.filter,
    keyFilter: from.keyFilter,
  });
}

/** Resolves when more may be written, or when nobody is there to read it. */
export function drained(body: BodyStream, exchange: Exchange): Promise<void> {
  return new Promise((resolve) => {
    body.onDrain(resolve);
    exchange.onClose(resolve);
  });
}
