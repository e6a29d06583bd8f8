/**
 * The headers of a client's request that cross to a shard: a closed list. Headers that could say
 * who a user is, in any spelling, are not on it; who the client is the proxy says itself, signed.
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
  'kubectl-command',
  'kubectl-session',
  'origin',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
]);

/** Impersonation is an ask, and not a claim: the shard checks whether the user may. */
const impersonation: ReadonlySet<string> = new Set(['impersonate-group', 'impersonate-uid', 'impersonate-user']);
const impersonatePrefix = 'impersonate-';
const extraPrefix = 'impersonate-extra-';

/** From the headers as they were sent, since a group may hold what joins repeated ones. */
function addImpersonation(rawHeaders: readonly string[], kept: Record<string, string | string[]>): void {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!impersonation.has(name) && !name.startsWith(extraPrefix)) continue;
    const value = rawHeaders[index + 1] ?? '';
    const before = kept[name];
    if (before === undefined) kept[name] = value;
    else if (typeof before === 'string') kept[name] = [before, value];
    else before.push(value);
  }
}

/** `credentials`: whether the client's own token crosses, for the shard to look at. */
export function forwardedHeaders(
  { headers, rawHeaders }: Pick<Exchange, 'headers' | 'rawHeaders'>,
  credentials: boolean,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  let impersonates = false;
  for (const name in headers) {
    if (known.has(name) || (credentials && name === 'authorization')) {
      const value = headers[name];
      if (typeof value === 'string') kept[name] = value;
      else if (value !== undefined) kept[name] = [...value];
    } else if (name.startsWith(impersonatePrefix)) impersonates = true;
  }
  if (impersonates) addImpersonation(rawHeaders, kept);
  return kept;
}
