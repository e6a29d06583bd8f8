/**
 * GET of a collection. Plain JSON joins stored bytes; more than a page of them is streamed with backpressure, all read at one revision, so that a
 * list of any size needs bounded memory. Other views and filters parse.
 */
import type { KubeObject, Revision } from '@kcp-ts/meta';
import { formatResourceVersion, groupVersionText } from '@kcp-ts/meta';
import { servedJson, servedObject } from '@kcp-ts/registry';
import type { Entry, Range } from '@kcp-ts/storage';
import { awaitRevision } from '../await-revision.ts';
import { formatContinue, parseContinue } from '../continue-token.ts';
import { answerHeaders, respondBytes } from '../encode/respond.ts';
import { includeObjectOf, partialMetadata, printerOf } from '../encode/views.ts';
import type { ObjectFilter } from '../object-filter.ts';
import { objectFilter, selectedName } from '../object-filter.ts';
import type { ListOptions } from '../options.ts';
import type { Page } from '../read-entries.ts';
import { readPage } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import { encodeTable } from '../table/encode-table.ts';

/** A page of a list holds at most this many objects, whatever the client asks for. */
const limitMax = 10_000;
/** An unlimited list is read and sent in pieces of this many objects. */
const pieceObjects = 500;
const remainingMax = 10_000;

interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

interface Reading {
  readonly ranges: readonly Range[];
  readonly filter: ObjectFilter | undefined;
  readonly options: ListOptions;
  readonly at: Revision | undefined;
  readonly after: string | undefined;
}

async function reading(call: ResourceCall, options: ListOptions): Promise<Reading> {
  const { needs, scope, served, api } = call;
  const filter = objectFilter(served, options, scope.guard(served));
  const name = api.name === '' ? selectedName(options) : api.name;
  const named = name !== undefined && (api.namespace !== '' || !served.row.namespaced) && scope.cluster !== '*';
  const all = scope.ranges(served, api.namespace);
  const ranges = named ? all.map((range) => ('prefix' in range ? { prefix: range.prefix } : range)) : all;
  if (options.continue !== undefined) {
    const token = parseContinue(options.continue, served.prefix);
    return { ranges, filter, options, at: token.revision, after: token.after };
  }
  if (options.revision !== undefined && options.revision > 0) await awaitRevision(needs, options.revision);
  return { ranges, filter, options, at: options.match === 'Exact' ? options.revision : undefined, after: undefined };
}

async function metadataOf(call: ResourceCall, from: Reading, page: Page): Promise<ListMetadata> {
  const resourceVersion = formatResourceVersion(page.revision, call.needs.shardNumber);
  const last = page.entries.at(-1);
  if (!page.more || last === undefined) return { resourceVersion };
  const token = formatContinue({ revision: page.revision, after: last.key });
  if (from.filter !== undefined || from.ranges.length !== 1 || from.ranges[0] === undefined)
    return { resourceVersion, continue: token };
  const left = await call.needs.store.count(from.ranges[0], {
    at: page.revision,
    after: last.key,
    atMost: remainingMax,
  });
  if (left === 0) return { resourceVersion };
  return { resourceVersion, continue: token, ...(left < remainingMax ? { remainingItemCount: left } : {}) };
}

function listHead(kind: string, apiVersion: string, metadata: ListMetadata): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
}

const comma = 0x2c;

/** Items with commas between them, behind `head`, in one buffer. */
function joinItems(
  head: Uint8Array,
  items: readonly Uint8Array[],
  tail: Uint8Array,
  leadingComma: boolean,
): Uint8Array {
  let size = head.length + tail.length + (leadingComma ? 1 : 0) + Math.max(0, items.length - 1);
  for (const item of items) size += item.length;
  const body = Buffer.allocUnsafe(size);
  body.set(head, 0);
  let at = head.length;
  let separate = leadingComma;
  for (const item of items) {
    if (separate) body[at++] = comma;
    separate = true;
    body.set(item, at);
    at += item.length;
  }
  body.set(tail, at);
  return body;
}

const nothing = new Uint8Array();
const listTail = Buffer.from(']}');

/** The rest of a long list, piece by piece, at the first piece's revision. */
async function streamRest(
  call: ResourceCall,
  from: Reading,
  first: Page,
  head: Uint8Array,
  encode: (entries: readonly Entry[]) => Uint8Array[],
): Promise<void> {
  const { needs, request, served } = call;
  const body = request.exchange.stream(200, answerHeaders(request, 'application/json'));
  body.write(joinItems(head, encode(first.entries), nothing, false));
  let after = first.entries.at(-1)?.key;
  for (let more = first.more; more && !request.exchange.closed; ) {
    const page = await readPage(needs.store, served, from.ranges, {
      at: first.revision,
      after,
      limit: pieceObjects,
      filter: from.filter,
    });
    const flowing = page.entries.length === 0 || body.write(joinItems(nothing, encode(page.entries), nothing, true));
    after = page.entries.at(-1)?.key ?? after;
    more = page.more;
    if (!flowing && !request.exchange.closed) {
      await new Promise<void>((resolve) => {
        body.onDrain(resolve);
        request.exchange.onClose(resolve);
      });
    }
  }
  body.write(listTail);
  body.end();
}

function itemEncoder(call: ResourceCall): (entries: readonly Entry[]) => Uint8Array[] {
  const { served, media } = call;
  if (media.view === 'object') return (entries) => entries.map((entry) => servedJson(served, entry.value));
  return (entries) =>
    entries.map((entry) => Buffer.from(JSON.stringify(partialMetadata(servedObject(served, entry.value)))));
}

async function respondTable(call: ResourceCall, from: Reading, first: Page, limited: boolean): Promise<void> {
  const { needs, request, served, media } = call;
  const objectsOf = (page: Page): readonly KubeObject[] =>
    page.objects ?? page.entries.map((entry) => servedObject(served, entry.value));
  const objects = [...objectsOf(first)];
  for (let page = first; page.more && !limited; ) {
    page = await readPage(needs.store, served, from.ranges, {
      at: first.revision,
      after: page.entries.at(-1)?.key,
      limit: pieceObjects,
      filter: from.filter,
    });
    objects.push(...objectsOf(page));
  }
  const metadata = limited
    ? await metadataOf(call, from, first)
    : { resourceVersion: formatResourceVersion(first.revision, needs.shardNumber) };
  respondBytes(
    request,
    media,
    200,
    encodeTable(
      printerOf(served),
      objects,
      { includeObject: includeObjectOf(request.query), ...metadata },
      needs.clock.now(),
    ),
  );
}

export async function handleList(call: ResourceCall, options: ListOptions): Promise<void> {
  const { needs, request, served, media } = call;
  await request.exchange.pause();
  // A client that opens and resets streams must not have its lists read.
  if (request.exchange.closed) return;
  const from = await reading(call, options);
  const limited = options.limit !== undefined;
  const limit = Math.min(options.limit ?? pieceObjects, limitMax);
  const first = await readPage(needs.store, served, from.ranges, {
    at: from.at,
    after: from.after,
    limit,
    filter: from.filter,
  });
  if (media.view === 'table') return respondTable(call, from, first, limited);
  const partial = media.view === 'metadata';
  const kind = partial ? 'PartialObjectMetadataList' : served.row.listKind;
  const apiVersion = partial ? 'meta.k8s.io/v1' : groupVersionText(served.row);
  const metadata = limited
    ? await metadataOf(call, from, first)
    : { resourceVersion: formatResourceVersion(first.revision, needs.shardNumber) };
  const head = Buffer.from(listHead(kind, apiVersion, metadata));
  const encode = itemEncoder(call);
  if (!limited && first.more && media.format === 'json') return streamRest(call, from, first, head, encode);
  const items = encode(first.entries);
  for (let page = first; page.more && !limited; ) {
    page = await readPage(needs.store, served, from.ranges, {
      at: first.revision,
      after: page.entries.at(-1)?.key,
      limit: pieceObjects,
      filter: from.filter,
    });
    items.push(...encode(page.entries));
  }
  respondBytes(request, media, 200, joinItems(head, items, listTail, false));
}
