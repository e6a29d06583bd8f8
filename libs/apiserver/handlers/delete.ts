/** DELETE of one object or of a collection. */
import type { StatusError } from '@kcp-ts/api';
import { groupVersionText, writeRulesOf } from '@kcp-ts/api';
import type { DeleteRequest } from '@kcp-ts/registry';
import { remove } from '@kcp-ts/registry';
import { parseKey } from '@kcp-ts/storage';
import { respondBytes, respondObject } from '../encode/respond.ts';
import { joinItems } from '../join-items.ts';
import type { DeleteOptions } from '../options/delete-options.ts';
import { readDeleteOptions } from '../options/delete-options.ts';
import { parseListOptions } from '../options/list-options.ts';
import type { Page } from '../read-entries.ts';
import { readPage } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ItemEncoder } from './item-encoder.ts';
import { protobufItem, respondProtobufItems } from './protobuf-list.ts';
import { itemJsonOf, metadataOf, reading } from './reading.ts';
import { oneCluster, respondWritten } from './write-call.ts';

const collectionPiece = 100;
/** Deleted together: each is read and written whole. */
const collectionPieceBytes = 1024 * 1024;
/** The answer lists what was deleted up to here, and says how many more there were. */
const answerBytesMax = 8 * 1024 * 1024;

function deleteRequest(call: ResourceCall, options: DeleteOptions, namespace: string, name: string): DeleteRequest {
  const { request, storage, served } = call;
  return {
    served,
    cluster: oneCluster(call),
    namespace,
    name,
    user: request.user,
    dryRun: options.dryRun,
    subresource: '',
    fieldValidation: 'Ignore',
    objectFilter: storage.objectFilter(served),
    warn: (text) => request.warnings.push(text),
    uid: options.uid,
    resourceVersion: options.resourceVersion,
    propagation: options.propagation,
  };
}

/**
 * Answers with the object that is being deleted, or with a Status that says it is gone; some kinds
 * answer with the object then, too.
 */
export async function handleDelete(call: ResourceCall): Promise<void> {
  const { request, served, api } = call;
  const deleted = await remove(
    call.deps.registry,
    deleteRequest(call, await readDeleteOptions(request, call.deps, call.deps.turns.begin()), api.namespace, api.name),
  );
  if (!deleted.removed || writeRulesOf(served.definition).returnsDeleted)
    return respondWritten(call, 200, deleted.value);
  const { group, plural } = served.definition;
  const details = { name: api.name, ...(group === '' ? {} : { group }), kind: plural, uid: deleted.uid };
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  respondObject(call.deps.protobuf, request, 200, success);
}

/**
 * Deletes what a list with the same options would give, a bounded number at a time; answers with
 * that list.
 */
export async function handleDeleteCollection(call: ResourceCall): Promise<void> {
  const { deps, request, served, media } = call;
  oneCluster(call);
  const list = parseListOptions(request.query, false);
  const from = await reading(call, list);
  const options = await readDeleteOptions(request, deps, from.slices);
  const whole: ResourceCall = { ...call, media: { ...media, view: 'object' } };
  const protobuf = media.format === 'protobuf';
  const encode: ItemEncoder = protobuf ? protobufItem(whole) : itemJsonOf(call);
  const items: Uint8Array[] = [];
  let bytes = 0;
  let deleted = 0;
  let read = 0;
  let { after } = from;
  let page: Page;
  do {
    await from.slices.pause();
    page = await readPage(deps.store, served, from.ranges, {
      at: from.at,
      after,
      limit: Math.min(collectionPiece, (list.limit ?? Number.POSITIVE_INFINITY) - read),
      bytesMax: collectionPieceBytes,
      filter: from.filter,
      keyFilter: from.keyFilter,
      slices: from.slices,
    });
    await Promise.all(
      page.entries.map(async (entry) => {
        const { namespace, name } = parseKey(entry.key);
        try {
          await remove(deps.registry, deleteRequest(call, options, namespace, name));
          deleted++;
          if (bytes >= answerBytesMax) return;
          const item = await encode(entry, from.slices);
          items.push(item);
          bytes += item.length;
        } catch (thrown) {
          if ((thrown as Partial<StatusError>).reason !== 'NotFound') throw thrown;
        }
      }),
    );
    read += page.entries.length;
    after = page.entries.at(-1)?.key;
  } while (page.more && read < (list.limit ?? Number.POSITIVE_INFINITY));
  const left = deleted - items.length;
  const metadata = {
    ...(await metadataOf(call, from, page)),
    ...(left === 0 ? {} : { remainingItemCount: left }),
  };
  if (protobuf) return respondProtobufItems(whole, metadata, items);
  const head = `{"kind":${JSON.stringify(served.definition.listKind)},"apiVersion":${JSON.stringify(groupVersionText(served.definition))},"metadata":${JSON.stringify(metadata)},"items":[`;
  return respondBytes(deps, request, whole.media, 200, joinItems(Buffer.from(head), items, Buffer.from(']}'), false));
}
