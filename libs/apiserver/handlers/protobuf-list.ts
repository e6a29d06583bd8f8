/**
 * Lists in protobuf. The envelope contains the list's length in front of the first item, so a list
 * of several pieces is encoded twice at the same revision: once for its length, once for its bytes.
 * It needs no more memory than in JSON.
 */

import { groupVersionText } from '@kcp-ts/api';
import { parseJson } from '@kcp-ts/base';
import type { KindedObject } from '@kcp-ts/k8s-protobuf';
import { encodeListHead, encodeListItem, encodeListItemInSlices } from '@kcp-ts/k8s-protobuf';
import { servedMetadataJson, servedObject } from '@kcp-ts/registry';
import { acceptsGzip, compressedBody, gzipHeaders, respondLarge } from '../encode/compress.ts';
import { answerHeaders, slicedBytes } from '../encode/respond.ts';
import type { Page } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ItemEncoder } from './item-encoder.ts';
import { drained, itemsOf, nextPage } from './list-pieces.ts';
import type { ListMetadata, Reading } from './reading.ts';

const partial: KindedObject = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' };

/** Encodes items of a list: the whole object, or its metadata. */
export function protobufItem({ deps, served, media }: ResourceCall): ItemEncoder {
  if (media.view === 'metadata')
    return ({ value }) => {
      const metadata = parseJson(Buffer.from(servedMetadataJson(served, value)).toString('utf8')) as object;
      return encodeListItem(deps.protobuf, partial, { metadata });
    };
  const kind = { apiVersion: served.apiVersion, kind: served.definition.kind };
  return ({ value }, slices) =>
    value.length < slicedBytes
      ? encodeListItem(deps.protobuf, kind, servedObject(served, value))
      : encodeListItemInSlices(deps.protobuf, kind, servedObject(served, value), slices);
}

function headOf({ served, media }: ResourceCall, metadata: ListMetadata, itemsBytes: number): Uint8Array {
  const kind =
    media.view === 'object'
      ? { apiVersion: groupVersionText(served.definition), kind: served.definition.listKind }
      : { ...partial, kind: `${partial.kind}List` };
  return encodeListHead({ ...kind, metadata }, itemsBytes);
}

function sizeOf(items: readonly Uint8Array[]): number {
  return items.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Answers with a list whose items have been encoded. */
export function respondProtobufItems(
  call: ResourceCall,
  metadata: ListMetadata,
  items: readonly Uint8Array[],
): void | Promise<void> {
  const { request, media } = call;
  const body = Buffer.concat([headOf(call, metadata, sizeOf(items)), ...items]);
  return respondLarge(request.exchange, 200, answerHeaders(request, media.contentType), body);
}

/** The encoded pieces of a list, beginning with the first, all at its revision. */
async function* piecesOf(call: ResourceCall, from: Reading, first: Page): AsyncGenerator<readonly Uint8Array[]> {
  const encode = protobufItem(call);
  for (let page = first; ; page = await nextPage(call, from, first.revision, page.entries.at(-1)?.key)) {
    yield await itemsOf(encode, page.entries, from.slices);
    if (!page.more || call.request.exchange.closed) return;
  }
}

/** Streams a list that does not fit into one piece. */
export async function streamProtobufList(
  call: ResourceCall,
  from: Reading,
  first: Page,
  metadata: ListMetadata,
): Promise<void> {
  const { request, media } = call;
  const { exchange } = request;
  let left = 0;
  for await (const items of piecesOf(call, from, first)) left += sizeOf(items);
  if (exchange.closed) return;
  const headers = answerHeaders(request, media.contentType);
  const body = acceptsGzip(exchange)
    ? compressedBody(exchange, exchange.stream(200, { ...headers, ...gzipHeaders }))
    : exchange.stream(200, headers);
  body.write(headOf(call, metadata, left));
  for await (const items of piecesOf(call, from, first)) {
    left -= sizeOf(items);
    if (!body.write(Buffer.concat(items)) && !exchange.closed) await drained(body, exchange);
  }
  // If what the request may see has changed between the two passes, the length was wrong. The
  // client must not take such a list for complete.
  if (left === 0) body.end();
  else body.destroy();
}
