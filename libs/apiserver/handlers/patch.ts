/** PATCH: JSON patch, merge patch, and strategic merge patch for built-in kinds. */

import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { decodeJsonInSlices } from '@kcp-ts/http';
import { applyJsonPatchInSlices, applyMergePatch, applyStrategicMergePatch } from '@kcp-ts/patch';
import type { ServedResource } from '@kcp-ts/registry';
import { update } from '@kcp-ts/registry';
import { contentTypeOf, unsupportedMediaType } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { converterProblem, formatGo } from '../strategic-problem.ts';
import { respondWritten, writeRequest } from './write-call.ts';

type Patcher = (live: KubeObject, patch: unknown, served: ServedResource, slices: Slices) => unknown;

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicPatch = 'application/strategic-merge-patch+json';

const patchers: Readonly<Record<string, Patcher>> = {
  [jsonPatch]: (live, patch, _served, slices) => applyJsonPatchInSlices(live, patch, slices),
  [mergePatch]: (live, patch) => applyMergePatch(live, patch),
  // What an object is is not among the fields of Go's types that such a patch can change.
  [strategicPatch]: (live, patch, { definition, apiVersion }) =>
    Object.assign(applyStrategicMergePatch(live, patch, definition.schema) as object, {
      apiVersion,
      kind: definition.kind,
    }),
};

function acceptedTypes(served: ServedResource): readonly string[] {
  return served.definition.dialect === 'builtin' ? [jsonPatch, mergePatch, strategicPatch] : [jsonPatch, mergePatch];
}

export async function handlePatch(call: ResourceCall): Promise<void> {
  const { request, served, api } = call;
  const type = contentTypeOf(request);
  const accepted = acceptedTypes(served);
  const patcher = accepted.includes(type) ? patchers[type] : undefined;
  if (patcher === undefined) {
    // Kubernetes turns built-in kinds' requests away in its router, which has fewer words.
    throw served.definition.dialect === 'builtin'
      ? new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', {})
      : unsupportedMediaType(type, accepted);
  }
  // What the options may say depends on the type of the patch.
  const write = writeRequest(call, 'PatchOptions');
  const body = await request.exchange.readBody(call.deps.bodyBytesMax);
  write.slices.restart();
  const { value: patch, duplicates } = await decodeJsonInSlices(
    body,
    { strict: write.fieldValidation !== 'Ignore', as: 'patch' },
    write.slices,
  );
  const written = await update(call.deps.registry, {
    ...write,
    name: api.name,
    replaces: false,
    async change(live, slices) {
      const current = live();
      if (slices.due) await slices.pause();
      const object = await patcher(current, patch, served, slices);
      if (slices.due) await slices.pause();
      if (typeof object !== 'object' || object === null || Array.isArray(object))
        throw StatusError.badRequest('the patched object is not an object');
      return {
        object: object as KubeObject,
        duplicates,
        ...(type === strategicPatch
          ? { unusable: (problem: string) => ({ shown: formatGo(patch), why: converterProblem(problem) }) }
          : {}),
      };
    },
  });
  return respondWritten(call, 200, written.value);
}
