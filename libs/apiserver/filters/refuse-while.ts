import type { StatusError } from '@kcp-ts/api';
import type { ApiRequest, Filter } from '../api-request.ts';

/** Refuses what a server must not serve in the state that it is in. */
export function refuseWhile(why: (request: ApiRequest) => StatusError | undefined): Filter {
  return (next) => (request) => {
    const refused = why(request);
    if (refused !== undefined) throw refused;
    return next(request);
  };
}
