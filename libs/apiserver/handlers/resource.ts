/** From a target to the handler of its verb. */

import type { ApiPath, ResourceRequestInfo, Verb } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { decodeJsonInSlices } from '@kcp-ts/http';
import { hasProtobuf } from '@kcp-ts/k8s-protobuf';
import type { ServedResource } from '@kcp-ts/registry';
import { admitConnect } from '@kcp-ts/registry';
import type { StreamSerializer } from '@kcp-ts/watch';
import type { ApiRequest } from '../api-request.ts';
import type { Bookmarks } from '../bookmarks.ts';
import type { MediaReader } from '../encode/media.ts';
import { checkMetadataView, notAcceptable } from '../encode/media.ts';
import { answerHeaders, respondObject } from '../encode/respond.ts';
import { parseListOptions } from '../options/list-options.ts';
import type { Progress } from '../progress.ts';
import { readBody } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import type { ServerDependencies, SpecialHandler } from '../server-dependencies.ts';
import type { View } from '../view.ts';
import { handleCreate } from './create.ts';
import { handleDelete, handleDeleteCollection } from './delete.ts';
import { handleGet } from './get.ts';
import { handleList } from './list.ts';
import { handlePatch } from './patch.ts';
import { handleUpdate } from './update.ts';
import { handleWatch } from './watch.ts';
import { oneCluster } from './write-call.ts';

function specialName(served: ServedResource, api: ApiPath): string {
  const { group, plural } = served.definition;
  const resource = group === '' ? plural : `${plural}.${group}`;
  return api.subresource === '' ? resource : `${resource}/${api.subresource}`;
}

async function specialBody({ deps, request, served }: ResourceCall, verb: Verb, slices: Slices): Promise<unknown> {
  if (verb === 'patch') {
    const bytes = await request.exchange.readBody(deps.bodyBytesMax);
    slices.restart();
    return (await decodeJsonInSlices(bytes, { strict: false, as: 'patch' }, slices)).value;
  }
  return (await readBody(request, deps, false, served.definition.kind, slices)).value;
}

function specialOf({ deps, served, api }: ResourceCall): SpecialHandler | undefined {
  if (api.subresource === '' && served.definition.virtual !== true) return undefined;
  const scale = api.subresource === 'scale' && served.definition.scale !== undefined;
  return deps.special.get(scale ? '*/scale' : specialName(served, api));
}

/** Asks admission whether the connection may be opened that a special handler is for. */
function admitConnection(call: ResourceCall, slices: Slices): Promise<void> {
  const { deps, request, served, api } = call;
  const { name, namespace, subresource } = api;
  const warn = (text: string) => void request.warnings.push(text);
  const target = { served, cluster: oneCluster(call), namespace, name, subresource };
  return admitConnect(deps.registry, { ...target, user: request.user, slices, warn });
}

async function handleSpecial(special: SpecialHandler, call: ResourceCall, verb: Verb): Promise<void> {
  const { deps, request, cluster, storage, served, api } = call;
  const slices = deps.turns.begin();
  if (special.connects === true) await admitConnection(call, slices);
  const hasBody = special.connects !== true && verb !== 'get' && verb !== 'list';
  const body = hasBody ? await specialBody(call, verb, slices) : undefined;
  if (slices.due) await slices.pause();
  const { namespace, name: objectName } = api;
  const answer = await special.handle({ request, cluster, storage, served, namespace, objectName, body });
  if (slices.due) await slices.pause();
  respondObject(deps.protobuf, request, answer.status, answer.object);
}

/** As kcp's virtual workspaces do that have no events: accepted, and ended without any. */
function endWatch({ request }: ResourceCall): void {
  request.exchange.stream(200, answerHeaders(request, 'application/json')).end();
}

/**
 * Throws NotAcceptable if the client accepts only protobuf and the answer has no protobuf form:
 * custom resources, virtual workspaces, watches over WebSockets, and watches by other services.
 */
function checkProtobuf(
  { deps, request, storage, served, api, media }: ResourceCall,
  verb: Verb,
  stream: StreamSerializer | undefined,
): void {
  if (media.format !== 'protobuf' || api.subresource === 'scale') return;
  const { definition, apiVersion } = served;
  const whole = media.view === 'object' || verb === 'deletecollection';
  const none =
    whole && (definition.dialect === 'custom' || !hasProtobuf(deps.protobuf, { apiVersion, kind: definition.kind }));
  const lines = stream !== undefined || (verb === 'watch' && request.exchange.webSocket !== undefined);
  if (none || lines || storage.objectFilter(served) !== undefined) throw notAcceptable();
}

function checkVerb(call: ResourceCall, verb: Verb): void {
  const { definition, origin } = call.served;
  const { subresource, name, watch } = call.api;
  if (subresource === '') {
    const onName =
      verb === 'get' || verb === 'update' || verb === 'patch' || verb === 'delete' || (watch && name !== '');
    const collection = verb === 'create' || verb === 'list' || verb === 'deletecollection';
    // A binding or definition that goes away drops create, update and patch from discovery; updates
    // still clear finalizers, and a create is refused with its reason.
    const served = definition.verbs.includes(verb) || (origin.kind !== 'builtin' && origin.terminating);
    if (!served || (onName && name === '') || (collection && name !== '')) throw StatusError.methodNotAllowed();
    return;
  }
  const sub = definition.subresources.find((candidate) => candidate.name === subresource);
  if (sub === undefined)
    throw definition.dialect === 'custom' ? StatusError.notFound(definition, name) : StatusError.pathNotFound();
  if (!(sub.verbs as readonly string[]).includes(verb)) throw StatusError.methodNotAllowed();
}

export interface ResourceHandlerDependencies {
  readonly deps: ServerDependencies;
  readonly bookmarks: Bookmarks;
  readonly progress: Progress;
  readonly readMedia: MediaReader;
}

/**
 * Handles a request for a resource that has been authorized. A GET is answered before this returns.
 */
export function handleResource(
  from: ResourceHandlerDependencies,
  request: ApiRequest,
  view: View,
  api: ResourceRequestInfo,
): void | Promise<void> {
  const { verb } = api;
  if (verb === undefined) throw StatusError.methodNotAllowed();
  const { exchange } = request;
  const stream =
    verb === 'watch' ? from.deps.streamSerializers.find((serializer) => serializer.isWanted(exchange)) : undefined;
  const accept = exchange.headers[stream?.acceptHeader ?? 'accept'];
  const media = from.readMedia(typeof accept === 'string' ? accept : undefined);
  const served = view.api.find(api, media.view === 'metadata');
  if (served === undefined) throw StatusError.pathNotFound();
  const { user } = request;
  const storage = view.storageFor(user, verb);
  const authorizeCreate = () => {
    const refused = view.authorizer.authorize(user, { ...api, verb: 'create' });
    if (refused !== undefined) throw refused;
  };
  const call = { deps: from.deps, request, cluster: view.cluster, storage, served, api, media, authorizeCreate };
  checkVerb(call, verb);
  checkProtobuf(call, verb, stream);
  if (verb !== 'watch' && verb !== 'deletecollection') checkMetadataView(media, verb === 'list', served.definition);
  if (served.definition.namespaced && api.namespace === '' && (api.name !== '' || verb === 'create') && !call.api.watch)
    throw StatusError.pathNotFound();
  if (!served.definition.namespaced && api.namespace !== '') throw StatusError.pathNotFound();
  // No namespace has one in its name, and a range of keys must not be cut by it.
  if (api.namespace.includes('/')) throw StatusError.pathNotFound();
  const special = specialOf(call);
  if (special !== undefined) return handleSpecial(special, call, verb);
  switch (verb) {
    case 'get':
      return handleGet(call);
    case 'list':
      return handleList(call, parseListOptions(request.query, false));
    case 'watch':
      if (storage.keys !== undefined) return endWatch(call);
      return handleWatch(call, parseListOptions(request.query, true), stream, from);
    case 'create':
      return handleCreate(call);
    case 'update':
      return handleUpdate(call);
    case 'patch':
      return handlePatch(call);
    case 'delete':
      return handleDelete(call);
    case 'deletecollection':
      return handleDeleteCollection(call);
  }
}
