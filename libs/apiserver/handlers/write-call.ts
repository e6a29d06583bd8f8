/** What the writing verbs share: the registry's request, and the answer out of what was written. */

import type { ClusterName } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { WriteRequest } from '@kcp-ts/registry';
import { respondBytes } from '../encode/respond.ts';
import { encodeObject } from '../encode/views.ts';
import type { WriteOptionsKind } from '../options/write-options.ts';
import { parseWriteOptions } from '../options/write-options.ts';
import type { DecodedBody } from '../read-body.ts';
import { readBody } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';

/** Wildcard requests read; nobody writes into all clusters at once. */
export function oneCluster(call: ResourceCall): ClusterName {
  if (call.cluster === '*')
    throw StatusError.methodNotAllowed(
      'the server does not allow this method on the requested resource in the `*` logical cluster',
    );
  return call.cluster;
}

export function writeRequest(
  call: ResourceCall,
  optionsKind: WriteOptionsKind,
): WriteRequest & { readonly slices: Slices } {
  const { deps, request, storage, served, api } = call;
  const cluster = oneCluster(call);
  return {
    served,
    // In the turn in which the resource was found: what is made later is another definition.
    servedBy: deps.registry.originOf?.(cluster, served),
    cluster,
    namespace: api.namespace,
    user: request.user,
    subresource: api.subresource,
    ...parseWriteOptions(request.query, optionsKind),
    objectFilter: storage.objectFilter(served),
    slices: deps.turns.begin(),
    warn: (text) => request.warnings.push(text),
  };
}

/** The registry's request and the decoded body of a POST or PUT. */
export async function readWrite(
  call: ResourceCall,
  optionsKind: 'CreateOptions' | 'UpdateOptions',
): Promise<{ readonly write: WriteRequest; readonly body: DecodedBody }> {
  const write = writeRequest(call, optionsKind);
  const { request, deps, served } = call;
  const strict = write.fieldValidation !== 'Ignore';
  return { write, body: await readBody(request, deps, strict, served.definition.kind, write.slices) };
}

/** The written object in the form that was asked for. */
export function respondWritten(call: ResourceCall, status: number, value: Uint8Array): void | Promise<void> {
  const { deps, request, served, media } = call;
  if (served.definition.deprecated === true && served.definition.deprecationWarning !== undefined)
    request.warnings.push(served.definition.deprecationWarning);
  return respondBytes(
    deps,
    request,
    media,
    status,
    encodeObject(served, value, media, request.query, deps.clock.now()),
  );
}
