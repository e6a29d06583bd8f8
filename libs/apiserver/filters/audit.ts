import type { ApiRequest, Filter } from '../api-request.ts';

/**
 * Called with each request when it is known who sent it and what it names: where an audit log takes
 * hold. Must not throw.
 */
export interface Auditor {
  received(request: ApiRequest): void;
}

export function audit(auditor: Auditor | undefined): Filter {
  return (next) => {
    if (auditor === undefined) return next;
    return (request) => {
      auditor.received(request);
      return next(request);
    };
  };
}
