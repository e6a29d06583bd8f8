import type { Filter } from '../api-request.ts';
import { checkTimeout } from '../options/check-timeout.ts';

/**
 * `?timeout=` of a request that is no watch must be a duration, as kube-apiserver's deadline filter
 * has it; else BadRequest.
 */
export const deadline: Filter = (next) => (request) => {
  const { info } = request;
  if (info.kind === 'resource' && info.verb !== undefined && info.verb !== 'watch') checkTimeout(request.query);
  return next(request);
};
