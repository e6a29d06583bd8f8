/** The one place that turns an outcome into an HTTP answer. */
import type { Turns } from '@kcp-ts/base';
import { parseJson } from '@kcp-ts/base';
import { formatYamlInSlices } from '@kcp-ts/http';
import type { StatusError } from '@kcp-ts/meta';
import type { ApiRequest } from '../api-request.ts';
import { respondLarge } from './compress.ts';
import type { Media } from './media.ts';

const json = 'application/json';

/** The headers of every answer of the API, with the warnings that were collected. */
export function answerHeaders(request: ApiRequest, contentType: string): Record<string, string | string[]> {
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

/** JSON bytes, as they are or as YAML; compressed where they are many and the client takes that. */
export function respondBytes(
  turns: Turns,
  request: ApiRequest,
  media: Media,
  status: number,
  body: Uint8Array | string,
): void | Promise<void> {
  const { exchange } = request;
  if (media.format === 'json') return respondLarge(exchange, status, answerHeaders(request, media.contentType), body);
  const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  const value = parseJson(text);
  const respond = (yaml: string) => respondLarge(exchange, status, answerHeaders(request, media.contentType), yaml);
  return formatYamlInSlices(value, turns.begin()).then(respond);
}

/** A value as JSON, whatever was asked for: discovery, reviews, Statuses. */
export function respondJson(request: ApiRequest, status: number, value: unknown): void {
  request.exchange.respond(status, answerHeaders(request, json), JSON.stringify(value));
}

export function respondText(request: ApiRequest, status: number, text: string): void {
  request.exchange.respond(
    status,
    { ...answerHeaders(request, 'text/plain; charset=utf-8'), 'x-content-type-options': 'nosniff' },
    text,
  );
}

/** A failed request's Status. */
export function respondError(request: ApiRequest, error: StatusError): void {
  const headers = answerHeaders(request, json);
  const seconds = error.details?.retryAfterSeconds;
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  if (error.reason === 'Forbidden' || error.reason === 'Unauthorized') headers['x-content-type-options'] = 'nosniff';
  request.exchange.respond(error.code, headers, JSON.stringify(error.toStatus()));
}
