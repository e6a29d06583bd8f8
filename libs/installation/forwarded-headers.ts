/**
 * The headers of a client's request that cross to a shard: a closed list. Whatever could say who somebody is, in any spelling, is not on it; who the client is
 * the proxy says itself, signed.
 */
import type { Exchange } from '@kcp-ts/http';

const known: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'audit-id',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'impersonate-group',
  'impersonate-uid',
  'impersonate-user',
  'kubectl-command',
  'kubectl-session',
  'origin',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
]);

const extraPrefix = 'impersonate-extra-';

/** `credentials`: whether the client's own token crosses, for the shard to look at. */
export function forwardedHeaders(exchange: Exchange, credentials: boolean): Record<string, string | string[]> {
  const { headers } = exchange;
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    if (!known.has(name) && !name.startsWith(extraPrefix) && !(credentials && name === 'authorization')) continue;
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
    else if (value !== undefined) kept[name] = [...value];
  }
  return kept;
}
