import { StatusError } from '@kcp-ts/api';
import type { AccessRequest } from './attributes.ts';

/** The answer to a client: never why. */
const toldReason = 'access denied';

/** The 403 for a request that was not allowed, in the words of kube-apiserver. */
export function forbiddenError(request: AccessRequest): StatusError {
  const who = `User ${JSON.stringify(request.user.name)} cannot ${request.verb}`;
  if (request.kind === 'non-resource') {
    return new StatusError('Forbidden', `forbidden: ${who} path ${JSON.stringify(request.path)}: ${toldReason}`, {});
  }
  const { group, name, namespace, resource, subresource } = request;
  const target = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} resource ${JSON.stringify(target)} in API group ${JSON.stringify(group)} ${where}: ${toldReason}`;
  return StatusError.forbidden({ group, plural: resource }, name, why);
}
