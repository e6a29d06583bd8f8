import type { UserInfo } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';
import type { ApiRequest, Filter } from '../api-request.ts';

function hasImpersonation({ headers }: Exchange): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/**
 * From here on the request is that of the user it acts as. `find` throws Forbidden where its sender
 * may not.
 */
export function impersonate(find: (request: ApiRequest) => UserInfo): Filter {
  return (next) => (request) =>
    next(hasImpersonation(request.exchange) ? { ...request, user: find(request), requester: request.user } : request);
}
