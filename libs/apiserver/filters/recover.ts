import { StatusError } from '@kcp-ts/api';
import type { Filter, ReceivedRequest } from '../api-request.ts';
import { respondError } from '../encode/respond.ts';

export interface RecoverOptions {
  /** One line about a fault of ours, with its request id. */
  logFault(request: ReceivedRequest, error: StatusError): void;
}

/**
 * Whatever goes wrong further in becomes a Status; a fault of ours is logged and never reaches
 * other tenants.
 */
export function recover(options: RecoverOptions): Filter<ReceivedRequest> {
  const answer = (request: ReceivedRequest, thrown: unknown) => {
    const error = StatusError.from(thrown);
    if (error.code >= 500 && error.cause !== undefined) options.logFault(request, error);
    if (request.exchange.answered || request.exchange.closed) return;
    respondError(request, error);
  };
  return (next) => (request) => {
    try {
      const done = next(request);
      return done instanceof Promise ? done.catch((thrown: unknown) => answer(request, thrown)) : done;
    } catch (thrown) {
      answer(request, thrown);
    }
  };
}
