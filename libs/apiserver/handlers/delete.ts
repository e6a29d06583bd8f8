/** DELETE of one object or of a collection. */
import { decodeJson } from '@kcp-ts/http';
import type { StatusError } from '@kcp-ts/meta';
import { formatResourceVersion, groupVersionText } from '@kcp-ts/meta';
import type { DeleteRequest } from '@kcp-ts/registry';
import { remove, servedJson } from '@kcp-ts/registry';
import { parseKey } from '@kcp-ts/storage';
import { respondBytes, respondJson } from '../encode/respond.ts';
import { joinItems } from '../join-items.ts';
import { objectFilter } from '../object-filter.ts';
import type { DeleteOptions } from '../options.ts';
import { parseDeleteOptions, parseListOptions } from '../options.ts';
import { decodeKubernetes } from '../protobuf/decode-kubernetes.ts';
import { contentTypeOf } from '../read-body.ts';
import { readPage } from '../read-entries.ts';
import type { ResourceCall } from '../resource-call.ts';
import { oneCluster, respondWritten } from './write-call.ts';

const deleteOptionsBytesMax = 1 << 20;
const collectionPiece = 100;
/** Deleted together: each is read and written whole. */
const collectionPieceBytes = 1024 * 1024;
/** The answer lists what was deleted up to here, and says how many more there were. */
const answerBytesMax = 8 * 1024 * 1024;

async function deleteOptions(call: ResourceCall): Promise<DeleteOptions> {
  const bytes = await call.request.exchange.readBody(deleteOptionsBytesMax);
  const protobuf = contentTypeOf(call.request) === 'application/vnd.kubernetes.protobuf';
  const body =
    bytes.length === 0 ? undefined : protobuf ? decodeKubernetes(bytes) : decodeJson(bytes, { strict: false }).value;
  return parseDeleteOptions(call.request.query, body === undefined || body === null ? undefined : (body as object));
}

function deleteRequest(call: ResourceCall, options: DeleteOptions, namespace: string, name: string): DeleteRequest {
  const { request, scope, served } = call;
  return {
    served,
    cluster: oneCluster(call),
    namespace,
    name,
    user: request.user,
    dryRun: options.dryRun,
    subresource: '',
    fieldValidation: 'Ignore',
    guard: scope.guard(served),
    warn: (text) => request.warnings.push(text),
    uid: options.uid,
    resourceVersion: options.resourceVersion,
    propagation: options.propagation,
  };
}

/** Answers with the marked object, or with a Status that says it is gone. */
export async function handleDelete(call: ResourceCall): Promise<void> {
  const { request, served, api } = call;
  const deleted = await remove(
    call.needs.registry,
    deleteRequest(call, await deleteOptions(call), api.namespace, api.name),
  );
  if (!deleted.removed) return respondWritten(call, 200, deleted.value);
  const { group, plural } = served.row;
  const details = { name: api.name, ...(group === '' ? {} : { group }), kind: plural, uid: deleted.uid };
  respondJson(request, 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

/** Deletes what the selectors name, a bounded number at a time; answers with the list of what was there. */
export async function handleDeleteCollection(call: ResourceCall): Promise<void> {
  const { needs, request, scope, served, api, media } = call;
  oneCluster(call);
  const options = await deleteOptions(call);
  const list = parseListOptions(request.query, false);
  const filter = objectFilter(served, list, scope.guard(served));
  const items: Uint8Array[] = [];
  let bytes = 0;
  let deleted = 0;
  const slices = needs.turns.begin();
  let after: string | undefined;
  let revision = needs.store.currentRevision();
  for (;;) {
    const page = await readPage(needs.store, served, scope.ranges(served, api.namespace), {
      at: undefined,
      after,
      limit: collectionPiece,
      bytesMax: collectionPieceBytes,
      filter,
      keyFilter: scope.keyFilter?.(served),
      slices,
    });
    revision = page.revision;
    await Promise.all(
      page.entries.map(async ({ key, value }) => {
        const { namespace, name } = parseKey(key);
        try {
          await remove(needs.registry, deleteRequest(call, options, namespace, name));
          deleted++;
          if (bytes >= answerBytesMax) return;
          const item = servedJson(served, value);
          items.push(item);
          bytes += item.length;
        } catch (thrown) {
          if ((thrown as Partial<StatusError>).reason !== 'NotFound') throw thrown;
        }
      }),
    );
    after = page.entries.at(-1)?.key;
    if (!page.more) break;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
  const left = deleted - items.length;
  const metadata = {
    resourceVersion: formatResourceVersion(revision, needs.shardNumber),
    ...(left === 0 ? {} : { remainingItemCount: left }),
  };
  const head = `{"kind":${JSON.stringify(served.row.listKind)},"apiVersion":${JSON.stringify(groupVersionText(served.row))},"metadata":${JSON.stringify(metadata)},"items":[`;
  return respondBytes(
    needs.turns,
    request,
    { ...media, view: 'object' },
    200,
    joinItems(Buffer.from(head), items, Buffer.from(']}'), false),
  );
}
