/**
 * GET of a collection. Plain JSON joins stored bytes, lists of metadata join the stored metadata,
 * and Tables print one object after the other. What does not fit into one piece is streamed with
 * backpressure, all read at one revision: a list of any size needs bounded memory, and it gives the
 * event loop back between objects.
 */
import { formatResourceVersion, groupVersionText, StatusError } from '@kcp-ts/api';
import { tableHead, tableRow } from '@kcp-ts/printers';
import { servedMetadataJson, servedObject } from '@kcp-ts/registry';
import { acceptsGzip, compressedBody, gzipHeaders } from '../encode/compress.ts';
import { answerHeaders, respondBytes } from '../encode/respond.ts';
import { includeObjectOf, printerOf } from '../encode/views.ts';
import { joinItems } from '../join-items.ts';
import type { ListOptions } from '../options/list-options.ts';
import type { Page } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ItemEncoder } from './item-encoder.ts';
import { drained, itemsOf, nextPage, pageOf, pieceBytes, pieceObjects } from './list-pieces.ts';
import { protobufItem, respondProtobufItems, streamProtobufList } from './protobuf-list.ts';
import type { ListMetadata, Reading } from './reading.ts';
import { itemJsonOf, metadataOf, reading } from './reading.ts';

/** A page of a list holds at most this many objects, whatever the client asks for. */
const limitMax = 10_000;
/**
 * A page that a client asked for ends here as well, with a token to go on: a limit is how many
 * objects there are at most.
 */
const pageBytes = 16 * 1024 * 1024;
/** YAML is made of the whole list. */
const yamlBytesMax = 3 * 1024 * 1024;

/**
 * How a list is written in the form that was asked for: what stands before its items, and each
 * item. All these forms end alike.
 */
interface Form {
  head(metadata: ListMetadata): string;
  readonly item: ItemEncoder;
}

function listHead(kind: string, apiVersion: string, metadata: ListMetadata): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
}

const partialHead = Buffer.from('{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":');
const closingBrace = Buffer.from('}');

function formOf(call: ResourceCall): Form {
  const { deps, request, served, media } = call;
  const itemJson = itemJsonOf(call);
  switch (media.view) {
    case 'object':
      return {
        head: (metadata) => listHead(served.definition.listKind, groupVersionText(served.definition), metadata),
        item: itemJson,
      };
    case 'metadata':
      return {
        head: (metadata) => listHead('PartialObjectMetadataList', 'meta.k8s.io/v1', metadata),
        item: ({ value }) => Buffer.concat([partialHead, servedMetadataJson(served, value), closingBrace]),
      };
    case 'table': {
      const printer = printerOf(served);
      const includeObject = includeObjectOf(request.query);
      const now = deps.clock.now();
      return {
        head: (metadata) => tableHead(printer, metadata),
        item: ({ value }) => Buffer.from(tableRow(printer, servedObject(served, value), includeObject, now)),
      };
    }
  }
}

const nothing = new Uint8Array();
const listTail = Buffer.from(']}');

/** A long list, piece by piece, at the first piece's revision. */
async function stream(call: ResourceCall, from: Reading, form: Form, first: Page, head: Uint8Array): Promise<void> {
  const { exchange } = call.request;
  const headers = answerHeaders(call.request, 'application/json');
  // It does not fit into one piece: it is large.
  const body = acceptsGzip(exchange)
    ? compressedBody(exchange, exchange.stream(200, { ...headers, ...gzipHeaders }))
    : exchange.stream(200, headers);
  let begin = head;
  let any = false;
  for (let page = first; ; ) {
    const items = await itemsOf(form.item, page.entries, from.slices);
    const flowing = body.write(joinItems(begin, items, nothing, any));
    begin = nothing;
    any ||= items.length > 0;
    if (!page.more || exchange.closed) break;
    if (!flowing) await drained(body, exchange);
    const after = page.entries.at(-1)?.key;
    page = await nextPage(call, from, first.revision, after);
  }
  body.write(listTail);
  body.end();
}

/** The whole of a list that cannot be streamed. Throws RequestEntityTooLarge for a larger one. */
async function wholeItems(call: ResourceCall, from: Reading, form: Form, first: Page): Promise<Uint8Array[]> {
  const items: Uint8Array[] = [];
  let bytes = 0;
  for (let page = first; ; ) {
    for (const item of await itemsOf(form.item, page.entries, from.slices)) {
      items.push(item);
      bytes += item.length;
    }
    if (bytes > yamlBytesMax)
      throw new StatusError(
        'RequestEntityTooLarge',
        `Request entity is too large: a list as YAML is at most ${yamlBytesMax} bytes; ask for it in pages, with a limit, or as JSON`,
      );
    if (!page.more) return items;
    page = await nextPage(call, from, first.revision, page.entries.at(-1)?.key);
  }
}

export async function handleList(call: ResourceCall, options: ListOptions): Promise<void> {
  const { deps, request, served, media } = call;
  await request.exchange.pause();
  // A client that opens and resets streams must not have its lists read.
  if (request.exchange.closed) return;
  if (options.revision === 0) deps.countCacheList?.(served.definition);
  const from = await reading(call, options);
  const limited = options.limit !== undefined;
  const yaml = media.format === 'yaml';
  const first = await pageOf(call, from, {
    at: from.at,
    after: from.after,
    limit: Math.min(options.limit ?? pieceObjects, limitMax),
    bytesMax: limited ? (yaml ? yamlBytesMax : pageBytes) : pieceBytes,
  });
  const metadata = limited
    ? await metadataOf(call, from, first)
    : { resourceVersion: formatResourceVersion(first.revision, deps.shardNumber) };
  const long = !limited && first.more;
  if (media.format === 'protobuf') {
    if (long) return streamProtobufList(call, from, first, metadata);
    return respondProtobufItems(call, metadata, await itemsOf(protobufItem(call), first.entries, from.slices));
  }
  const form = formOf(call);
  const head = Buffer.from(form.head(metadata));
  if (long && !yaml) return stream(call, from, form, first, head);
  const items = await (yaml && !limited
    ? wholeItems(call, from, form, first)
    : itemsOf(form.item, first.entries, from.slices));
  return respondBytes(call.deps, request, media, 200, joinItems(head, items, listTail, false));
}
