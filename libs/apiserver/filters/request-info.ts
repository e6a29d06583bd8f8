import type { RequestInfo } from '@kcp-ts/api';
import { anonymousUser } from '@kcp-ts/api';
import type { ApiRequest, Filter, ReceivedRequest, Target } from '../api-request.ts';
import { requestInfoOf } from '../request-path.ts';

/**
 * What a target and a request name together; that of a request without a prefix is known when its
 * user is.
 */
export function infoOf(request: ReceivedRequest, target: Target): RequestInfo {
  return requestInfoOf(request.method, target.kind === 'view' ? target.rest : request.path, request.query);
}

/**
 * Finds out once what a request names. `locate` reads the prefix of a path; what it does not find
 * is refused when it is known who asks.
 */
export function requestInfo(locate: (request: ReceivedRequest) => Target): Filter<ReceivedRequest, ApiRequest> {
  return (next) => (request) => {
    const target = locate(request);
    return next({ ...request, target, info: infoOf(request, target), user: anonymousUser });
  };
}
