/**
 * Discovery, OpenAPI and version: documents that are the same bytes for every workspace with the
 * same API surface.
 */

import { StatusError } from '@kcp-ts/api';
import type { Slices, Turns } from '@kcp-ts/base';
import type { Document } from '@kcp-ts/discovery';
import { documentOf } from '@kcp-ts/discovery';
import { parseAccept } from '@kcp-ts/http';
import type { KindedObject } from '@kcp-ts/k8s-protobuf';
import { encodeKubernetes, metaMessages } from '@kcp-ts/k8s-protobuf';
import type { ApiRequest } from '../api-request.ts';
import { compressedOf, gzipHeaders, isCompressed } from '../encode/compress.ts';
import { notAcceptable, protobufType, takesProtobufAlone } from '../encode/media.ts';
import { answerHeaders } from '../encode/respond.ts';
import type { ApiSurfaceDocuments } from '../server-dependencies.ts';

const json = 'application/json';
const protobufV2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

interface Form {
  readonly contentType: string;
  readonly document: Document | undefined;
}

function respondDocument(request: ApiRequest, form: Form): void | Promise<void> {
  const { document } = form;
  if (document === undefined) throw StatusError.pathNotFound();
  const headers = answerHeaders(request, form.contentType);
  headers['etag'] = `"${document.etag}"`;
  headers['vary'] = 'Accept';
  const { exchange } = request;
  if (exchange.headers['if-none-match'] === headers['etag']) return exchange.respond(304, headers);
  const { bytes } = document;
  if (!isCompressed(exchange, bytes.byteLength)) return exchange.respond(200, headers, bytes);
  const packed = { ...headers, ...gzipHeaders, vary: 'Accept, Accept-Encoding' };
  return compressedOf(document).then((small) => exchange.respond(200, packed, small));
}

function accepts(request: ApiRequest): ReturnType<typeof parseAccept> {
  const accept = request.exchange.headers['accept'];
  return parseAccept(typeof accept === 'string' ? accept : json);
}

function isJson(type: string): boolean {
  return type === json || type === '*/*' || type === 'application/*' || type === 'application/yaml';
}

const encoded = new WeakMap<Document, Document>();

/** Unaggregated discovery: as JSON, or as protobuf if the client accepts nothing else. */
function plainForm(request: ApiRequest, document: Document | undefined): Form {
  if (document === undefined || !takesProtobufAlone(request.exchange.headers['accept']))
    return { contentType: json, document };
  let protobuf = encoded.get(document);
  if (protobuf === undefined) {
    const object = JSON.parse(Buffer.from(document.bytes).toString('utf8')) as KindedObject;
    // Some have no apiVersion in JSON, as in Kubernetes.
    protobuf = documentOf(encodeKubernetes(metaMessages, { ...object, apiVersion: 'v1' }));
    encoded.set(document, protobuf);
  }
  return { contentType: protobufType, document: protobuf };
}

/** The first form of discovery that the client names and we have. */
function discoveryForm(
  request: ApiRequest,
  legacy: () => Document | undefined,
  aggregated: (version: 'v2' | 'v2beta1') => Document | undefined,
): Form {
  for (const { type, parameters } of accepts(request)) {
    if (parameters['as'] === 'APIGroupDiscoveryList' && type === json && parameters['g'] === 'apidiscovery.k8s.io') {
      const version = parameters['v'];
      if (version !== 'v2' && version !== 'v2beta1') continue;
      return {
        contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
        document: aggregated(version),
      };
    }
    if (isJson(type) && parameters['as'] === undefined) return { contentType: json, document: legacy() };
  }
  if (takesProtobufAlone(request.exchange.headers['accept'])) return plainForm(request, legacy());
  throw notAcceptable();
}

async function openApiV2(request: ApiRequest, { openApi }: ApiSurfaceDocuments, slices: Slices): Promise<Form> {
  for (const { type } of accepts(request)) {
    if (type.startsWith('application/com.github.proto-openapi.spec.v2'))
      return { contentType: protobufV2, document: await openApi.v2Protobuf(slices) };
    if (isJson(type)) return { contentType: json, document: await openApi.v2Json(slices) };
  }
  throw notAcceptable([json]);
}

/** The document that a path names, in the form that the client asks for. */
function formOf(turns: Turns, request: ApiRequest, path: string, documents: ApiSurfaceDocuments): Form | Promise<Form> {
  const { discovery, openApi } = documents;
  const plain = (document: Document | undefined): Form => ({ contentType: json, document });
  const [first, second = '', third = '', ...rest] = path.split('/').slice(1);
  const depth = path === '/' ? 0 : path.split('/').length - 1;
  switch (first) {
    case '':
      if (depth > 0) throw StatusError.pathNotFound();
      return plain(discovery.rootPaths());
    case 'openapi':
      if (second === 'v2' && depth === 2) return openApiV2(request, documents, turns.begin());
      if (second !== 'v3') throw StatusError.pathNotFound();
      return (
        depth === 2 ? openApi.v3Index(turns.begin()) : openApi.v3([third, ...rest].join('/'), turns.begin())
      ).then(plain);
    case 'api':
      if (depth === 1) return discoveryForm(request, discovery.api, discovery.aggregatedApi);
      return plainForm(request, depth === 2 ? discovery.groupVersion('', second) : undefined);
    case 'apis':
      if (depth === 1) return discoveryForm(request, discovery.apis, discovery.aggregatedApis);
      if (depth === 2) return plainForm(request, discovery.group(second));
      return plainForm(request, depth === 3 ? discovery.groupVersion(second, third) : undefined);
    default:
      throw StatusError.pathNotFound();
  }
}

/**
 * Answers one of the documents, by its path without a slash at the end; throws NotFound for other
 * paths.
 */
export function handleDocuments(
  turns: Turns,
  request: ApiRequest,
  path: string,
  documents: ApiSurfaceDocuments,
): void | Promise<void> {
  const form = formOf(turns, request, path, documents);
  if (!(form instanceof Promise)) return respondDocument(request, form);
  return form.then((made) => respondDocument(request, made));
}
