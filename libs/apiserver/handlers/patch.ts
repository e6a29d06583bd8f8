/** PATCH: JSON patch, merge patch, and strategic merge patch for built-in kinds. */

import { decodeJson } from '@kcp-ts/http';
import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '@kcp-ts/patch';
import type { ServedResource } from '@kcp-ts/registry';
import { update } from '@kcp-ts/registry';
import { contentTypeOf, unsupportedMediaType } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { respondWritten, writeRequest } from './write-call.ts';

type Patcher = (live: KubeObject, patch: unknown, served: ServedResource) => unknown;

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicPatch = 'application/strategic-merge-patch+json';

const patchers: Readonly<Record<string, Patcher>> = {
  [jsonPatch]: (live, patch) => applyJsonPatch(live, patch),
  [mergePatch]: (live, patch) => applyMergePatch(live, patch),
  [strategicPatch]: (live, patch, served) => applyStrategicMergePatch(live, patch, served.row.schema),
};

function acceptedTypes(served: ServedResource): readonly string[] {
  return served.row.dialect === 'builtin' ? [jsonPatch, mergePatch, strategicPatch] : [jsonPatch, mergePatch];
}

export async function handlePatch(call: ResourceCall): Promise<void> {
  const { request, served, api } = call;
  const write = writeRequest(call, 'PatchOptions');
  const type = contentTypeOf(request);
  const accepted = acceptedTypes(served);
  const patcher = accepted.includes(type) ? patchers[type] : undefined;
  if (patcher === undefined) {
    // Kubernetes turns built-in kinds' requests away in its router, which has fewer words.
    throw served.row.dialect === 'builtin'
      ? new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', {})
      : unsupportedMediaType(type, accepted);
  }
  const { value: patch, duplicates } = decodeJson(await request.exchange.readBody(call.needs.bodyBytesMax), {
    strict: write.fieldValidation !== 'Ignore',
    patch: true,
  });
  const written = await update(call.needs.registry, {
    ...write,
    name: api.name,
    replaces: false,
    change(live) {
      const object = patcher(live(), patch, served);
      if (typeof object !== 'object' || object === null || Array.isArray(object))
        throw StatusError.badRequest('the patched object is not an object');
      return { object: object as KubeObject, duplicates };
    },
  });
  respondWritten(call, 200, written.value);
}
