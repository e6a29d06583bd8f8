import type { InFlight } from '@kcp-ts/http';
import type { Filter } from '../api-request.ts';

/**
 * How many requests are in flight at most. After impersonation, as in kube-apiserver: the user a
 * request acts as decides whether it is exempt, as system:masters are.
 */
export function priorityAndFairness(inFlight: InFlight): Filter {
  return (next) => (request) => {
    inFlight.admit(request.exchange, request.user.groups.includes('system:masters'));
    return next(request);
  };
}
