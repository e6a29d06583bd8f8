import type { UserInfo } from '@kcp-ts/api';
import type { Filter } from '../api-request.ts';
import type { View } from '../view.ts';

/**
 * A path without a prefix is about where its user is at home: the clients of service accounts know
 * no `/clusters`.
 */
export function locateHome(home: (user: UserInfo) => View): Filter {
  return (next) => (request) =>
    request.target.kind === 'home'
      ? next({ ...request, target: { kind: 'view', view: home(request.user), rest: request.path } })
      : next(request);
}
