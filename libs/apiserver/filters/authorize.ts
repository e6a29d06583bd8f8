import type { RequestInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { ApiRequest, Filter, Target } from '../api-request.ts';
import { healthEndpoint } from '../handlers/health.ts';
import { attributesOf } from '../request-attributes.ts';
import type { RequestAuthorizer } from '../view.ts';

function authorizerOf(target: Target): RequestAuthorizer {
  switch (target.kind) {
    case 'view':
      return target.view.authorizer;
    case 'answer':
      return target.authorizer;
    case 'refused':
      return { authorize: target.refusal };
    case 'home':
      throw new Error('a request without a prefix has not been given a view');
  }
}

/** The probes of a view are for everybody, as those of the server are. */
function isProbe(info: RequestInfo): boolean {
  if (info.kind !== 'non-resource') return false;
  const endpoint = healthEndpoint(info.path);
  return endpoint !== undefined && endpoint.single === undefined;
}

function check(authorizer: RequestAuthorizer, { user, info, query }: ApiRequest): void {
  const refused = authorizer.authorize(user, attributesOf(info, query));
  if (refused !== undefined) throw refused;
}

/**
 * The one place where a request is allowed or refused. What takes long to find out is prepared with
 * turns for others.
 */
export function authorize(turns: Turns): Filter {
  return (next) => (request) => {
    const { info, target } = request;
    if (info.kind === 'resource' && info.verb === undefined && target.kind === 'view')
      throw StatusError.methodNotAllowed();
    if (target.kind === 'view' && isProbe(info)) return next(request);
    const authorizer = authorizerOf(target);
    const ready = authorizer.prepare?.(info, turns);
    if (ready === undefined) {
      check(authorizer, request);
      return next(request);
    }
    return ready.then(() => {
      check(authorizer, request);
      return next(request);
    });
  };
}
