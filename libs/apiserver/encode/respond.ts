/** The one place that turns an outcome into an HTTP answer. */

import type { StatusError } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import { parseJson } from '@kcp-ts/base';
import { decodeJsonInSlices, formatYamlInSlices } from '@kcp-ts/http';
import type { KindedObject, Messages } from '@kcp-ts/k8s-protobuf';
import { encodeKubernetes, encodeKubernetesInSlices, metaMessages } from '@kcp-ts/k8s-protobuf';
import type { ReceivedRequest } from '../api-request.ts';
import { respondLarge } from './compress.ts';
import type { Media } from './media.ts';
import { protobufType, takesProtobufAlone } from './media.ts';

const json = 'application/json';

/** The headers of every answer of the API, with the warnings that were collected. */
export function answerHeaders(request: ReceivedRequest, contentType: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    'content-type': contentType,
    'cache-control': 'no-cache, private',
    'audit-id': request.id,
  };
  if (request.warnings.length > 0) headers['warning'] = request.warnings.map(warningHeader);
  return headers;
}

/** RFC 7234's warn-text: code 299, no agent, a quoted string. */
function warningHeader(text: string): string {
  const printable = text.replaceAll(/[^\t\x20-\x7e]/g, '?').slice(0, 4_096);
  return `299 - "${printable.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Objects with at least this many bytes of JSON are encoded in slices. */
export const slicedBytes = 64 * 1024;

/** What objects are converted with from JSON to another media type. */
interface ConversionDependencies {
  readonly turns: Turns;
  readonly protobuf: Messages;
}

/** Converts JSON to another media type. */
async function converted(
  { turns, protobuf }: ConversionDependencies,
  format: 'yaml' | 'protobuf',
  body: Uint8Array | string,
): Promise<Uint8Array | string> {
  const slices = turns.begin();
  if (format === 'yaml') return formatYamlInSlices(parseJson(textOf(body)), slices);
  if (body.length < slicedBytes) return encodeKubernetes(protobuf, parseJson(textOf(body)) as KindedObject);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const { value } = await decodeJsonInSlices(bytes, { strict: false }, slices);
  return encodeKubernetesInSlices(protobuf, value as KindedObject, slices);
}

function textOf(body: Uint8Array | string): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
}

/**
 * Answers with an object or list given as JSON, in the client's media type (lists in protobuf have
 * their own function); compressed if it is large and the client accepts that.
 */
export function respondBytes(
  deps: ConversionDependencies,
  request: ReceivedRequest,
  media: Media,
  status: number,
  body: Uint8Array | string,
): void | Promise<void> {
  const { exchange } = request;
  if (media.format === 'json') return respondLarge(exchange, status, answerHeaders(request, media.contentType), body);
  return converted(deps, media.format, body).then((bytes) =>
    respondLarge(exchange, status, answerHeaders(request, media.contentType), bytes),
  );
}

/** A value as JSON, whatever was asked for. */
export function respondJson(request: ReceivedRequest, status: number, value: unknown): void {
  request.exchange.respond(status, answerHeaders(request, json), JSON.stringify(value));
}

/**
 * Answers with an object that is not stored (a review, a Status): as JSON, or as protobuf if the
 * client accepts nothing else. Its kind must be among the messages.
 */
export function respondObject(
  protobuf: Messages,
  request: ReceivedRequest,
  status: number,
  object: KindedObject,
): void {
  if (takesProtobufAlone(request.exchange.headers['accept']))
    request.exchange.respond(status, answerHeaders(request, protobufType), encodeKubernetes(protobuf, object));
  else respondJson(request, status, object);
}

export function respondText(request: ReceivedRequest, status: number, text: string): void {
  request.exchange.respond(
    status,
    { ...answerHeaders(request, 'text/plain; charset=utf-8'), 'x-content-type-options': 'nosniff' },
    text,
  );
}

/** A failed request's Status. */
export function respondError(request: ReceivedRequest, error: StatusError): void {
  const protobuf = takesProtobufAlone(request.exchange.headers['accept']);
  const headers = answerHeaders(request, protobuf ? protobufType : json);
  const seconds = error.details?.retryAfterSeconds;
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  if (error.reason === 'Forbidden' || error.reason === 'Unauthorized') headers['x-content-type-options'] = 'nosniff';
  const body = error.toStatus();
  request.exchange.respond(error.code, headers, protobuf ? encodeKubernetes(metaMessages, body) : JSON.stringify(body));
}
