import type { Filter, ReceivedRequest } from '../api-request.ts';
import type { HealthCheck } from '../handlers/health.ts';
import { handleHealth, healthEndpoint } from '../handlers/health.ts';

/**
 * Probes must be answered whatever state authentication is in. A single check (`/livez/ping`) needs
 * a right to its path, as in Kubernetes.
 */
export function health<Request extends ReceivedRequest>(checks: readonly HealthCheck[]): Filter<Request> {
  return (next) => (request) => {
    const endpoint = healthEndpoint(request.path);
    return endpoint === undefined || endpoint.single !== undefined
      ? next(request)
      : handleHealth(request, request.path, checks);
  };
}
