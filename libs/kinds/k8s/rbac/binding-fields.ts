/** What RoleBindings and ClusterRoleBindings have in common. */
import { atomicList, object, text } from '@kcp-ts/schema/builder';
import { keptEmpty, keptText } from '../common/schemas.ts';

const subjects = atomicList(
  'Who gets the role.',
  object(
    'A user, a group or a service account.',
    {
      apiGroup: text(
        'API group of the subject; rbac.authorization.k8s.io for users and groups, "" for service accounts.',
      ),
      kind: text('User, Group or ServiceAccount.'),
      name: text('Name of the subject.'),
      namespace: text('Namespace of the service account.'),
    },
    ['kind', 'name'],
    { 'x-kubernetes-map-type': 'atomic' },
  ),
);

const roleRef = object(
  'The role that is given; cannot be changed.',
  {
    apiGroup: text('API group of the role.', { default: 'rbac.authorization.k8s.io' }),
    kind: text('Role or ClusterRole.', keptText),
    name: text('Name of the role.', keptText),
  },
  ['kind', 'name'],
  { 'x-kubernetes-map-type': 'atomic', ...keptEmpty },
);

export const bindingFields = { roleRef, subjects };
