/**
 * From the text of a URL to what it names. A path is a prefix (`/clusters/<name or path>`, or a virtual workspace's), then either an API path or
 * something else (`/healthz`, `/openapi/v3`). Parsed once per request, without regular expressions.
 */

import { decodeSegment } from '@kcp-ts/http';

export interface ApiPath {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** From `resource:identity`. */
  readonly identity: string | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** The old `/watch/` path segment. */
  readonly watch: boolean;
}

export type RequestPath =
  | { readonly kind: 'api'; readonly api: ApiPath }
  /** Discovery, OpenAPI, health, version; with its leading slash. */
  | { readonly kind: 'other'; readonly path: string };

/** Splits off `/clusters/<x>`: the cluster's text (undecoded segments are decoded) and the rest of the path, or undefined where there is no such prefix. */
export function splitCluster(path: string): { readonly cluster: string; readonly rest: string } | undefined {
  if (!path.startsWith('/clusters/')) return undefined;
  const end = path.indexOf('/', 10);
  const text = end < 0 ? path.slice(10) : path.slice(10, end);
  return { cluster: decodeSegment(text), rest: end < 0 ? '/' : path.slice(end) };
}

function splitIdentity(text: string): { readonly resource: string; readonly identity: string | undefined } {
  const colon = text.indexOf(':');
  return colon < 0
    ? { resource: text, identity: undefined }
    : { resource: text.slice(0, colon), identity: text.slice(colon + 1) };
}

function apiPath(group: string, version: string, parts: readonly string[], watch: boolean): ApiPath | undefined {
  const namespaced =
    parts[0] === 'namespaces' &&
    parts.length >= 3 &&
    !(group === '' && (parts[2] === 'status' || parts[2] === 'finalize') && parts.length === 3);
  const first = namespaced ? 2 : 0;
  const segment = parts[first];
  if (segment === undefined || parts.includes('', first)) return undefined;
  const { resource, identity } = splitIdentity(segment);
  const namespace = namespaced ? (parts[1] ?? '') : '';
  const name = parts[first + 1] ?? '';
  const subresource = parts.length > first + 2 ? parts.slice(first + 2).join('/') : '';
  return { group, version, resource, identity, namespace, name, subresource, watch };
}

/** What the rest of a path (behind the prefix, without the query) names. */
export function parseRequestPath(path: string): RequestPath {
  const other: RequestPath = { kind: 'other', path };
  const core = path.startsWith('/api/');
  if (!core && !path.startsWith('/apis/')) return other;
  const parts = path.split('/').slice(2).map(decodeSegment);
  if (parts.at(-1) === '') parts.pop();
  const group = core ? '' : (parts.shift() ?? '');
  const version = parts.shift();
  if (version === undefined || parts.length === 0) return other;
  const watch = parts[0] === 'watch' && parts.length > 1;
  const api = apiPath(group, version, watch ? parts.slice(1) : parts, watch);
  return api === undefined ? other : { kind: 'api', api };
}
