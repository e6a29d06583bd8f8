import type { UserInfo } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';
import type { Filter } from '../api-request.ts';

/**
 * Who sent the request. `find` throws, or rejects with, StatusError Unauthorized. A client that has
 * gone meanwhile is served no further.
 */
export function authenticate(find: (exchange: Exchange) => UserInfo | Promise<UserInfo>): Filter {
  return (next) => (request) => {
    const user = find(request.exchange);
    if (!(user instanceof Promise)) return next({ ...request, user });
    return user.then((found) => (request.exchange.closed ? undefined : next({ ...request, user: found })));
  };
}
