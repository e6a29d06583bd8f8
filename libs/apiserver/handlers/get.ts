import { StatusError } from '@kcp-ts/api';
import { metadataObject, objectKey } from '@kcp-ts/registry';
import { awaitRevision } from '../await-revision.ts';
import { respondBytes } from '../encode/respond.ts';
import { encodeObject } from '../encode/views.ts';
import { revisionOf } from '../options/list-options.ts';
import type { ResourceCall } from '../resource-call.ts';

/**
 * GET of one object: copies the stored bytes unless a view, a conversion or a changed schema asks
 * for more.
 */
export function handleGet(call: ResourceCall): void | Promise<void> {
  // Of GetOptions: a state that is not older than what the client has seen.
  const revision = revisionOf(call.request.query.get('resourceVersion'));
  if (revision === undefined || revision <= call.deps.store.currentRevision()) return respondFound(call);
  return awaitRevision(call.deps, revision).then(() => respondFound(call));
}

function respondFound(call: ResourceCall): void | Promise<void> {
  const { deps, request, cluster, storage, served, api, media } = call;
  if (cluster === '*') throw StatusError.methodNotAllowed();
  const { namespace, name } = api;
  const key =
    storage.keys === undefined ? objectKey(served, cluster, namespace, name) : storage.keys(served, namespace, name)[0];
  const entry = key === undefined ? undefined : deps.store.get(key);
  if (entry === undefined) throw StatusError.notFound(served.definition, name);
  const objectFilter = storage.objectFilter(served);
  if (objectFilter !== undefined && !objectFilter.isVisible(metadataObject(served, entry.value)))
    throw StatusError.notFound(served.definition, name);
  return respondBytes(
    deps,
    request,
    media,
    200,
    encodeObject(served, entry.value, media, request.query, deps.clock.now()),
  );
}
