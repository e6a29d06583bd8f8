/**
 * From the text of a URL to what it names. A path is a prefix (`/clusters/<name or path>`, or a
 * virtual workspace's), then either an API path or something else (`/healthz`, `/openapi/v3`).
 * Parsed once per request, without regular expressions.
 */

import type { ApiPath, LogicalClusterName, RequestInfo } from '@kcp-ts/api';
import { decodeSegment } from '@kcp-ts/http';
import type { Query } from './query.ts';
import { verbOf } from './verb-of.ts';

/**
 * Splits off `/clusters/<x>`: the cluster's text (undecoded segments are decoded) and the rest of
 * the path, or undefined where there is no such prefix.
 */
export function splitCluster(
  path: string,
): { readonly cluster: LogicalClusterName; readonly rest: string } | undefined {
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

/** `parts` are a path's segments; what is behind the version begins at `from`. */
function apiPath(
  group: string,
  version: string,
  parts: readonly string[],
  from: number,
  watch: boolean,
): ApiPath | undefined {
  const behind = parts.length - from;
  const third = parts[from + 2];
  const namespaced =
    parts[from] === 'namespaces' &&
    behind >= 3 &&
    !(group === '' && (third === 'status' || third === 'finalize') && behind === 3);
  const first = namespaced ? from + 2 : from;
  const segment = parts[first];
  if (segment === undefined || parts.includes('', first)) return undefined;
  const { resource, identity } = splitIdentity(segment);
  const namespace = namespaced ? (parts[from + 1] ?? '') : '';
  const name = parts[first + 1] ?? '';
  const subresource = parts.length > first + 2 ? parts.slice(first + 2).join('/') : '';
  return { group, version, resource, identity, namespace, name, subresource, watch };
}

/**
 * The API path that the rest of a path (behind the prefix, without the query) is; undefined where
 * it is none.
 */
export function parseApiPath(path: string): ApiPath | undefined {
  const core = path.startsWith('/api/');
  if (!core && !path.startsWith('/apis/')) return undefined;
  const raw = path.split('/');
  const parts = path.includes('%') ? raw.map(decodeSegment) : raw;
  if (parts.at(-1) === '') parts.pop();
  // The first is empty, the second is `api` or `apis`.
  const group = core ? '' : (parts[2] ?? '');
  const at = core ? 2 : 3;
  const version = parts[at];
  if (version === undefined || parts.length === at + 1) return undefined;
  const watch = parts[at + 1] === 'watch' && parts.length > at + 2;
  return apiPath(group, version, parts, watch ? at + 2 : at + 1, watch);
}

/** What a request names: `rest` is its path behind the prefix, without the query. */
export function requestInfoOf(method: string, rest: string, query: Query): RequestInfo {
  const api = parseApiPath(rest);
  if (api === undefined) return { kind: 'non-resource', path: rest, verb: method.toLowerCase() };
  const { group, version, resource, identity, namespace, name, subresource, watch } = api;
  const verb = verbOf(method, api, query);
  return { kind: 'resource', group, version, resource, identity, namespace, name, subresource, watch, verb };
}
