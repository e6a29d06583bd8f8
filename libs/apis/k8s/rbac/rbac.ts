import type { PrinterColumn, ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { atomicList, kindSchema, object, text, texts } from '../../schema-builder.ts';
import { ageColumn, createdAtColumn, nameColumn } from '../columns.ts';
import { keptEmpty, keptNull, keptText, labelSelector } from '../common-schemas.ts';

const group = 'rbac.authorization.k8s.io';
const version = 'v1';

const rules = atomicList(
  'What the role allows.',
  object(
    'Verbs on resources, or on URL paths.',
    {
      apiGroups: texts('API groups of the resources; `*` means all, "" the core group.'),
      nonResourceURLs: texts('URL paths; `*` at the end means all below. Only for roles of the whole workspace.'),
      resourceNames: texts('Names of objects; empty means all.'),
      resources: texts('Resources, or `resource/subresource`; `*` means all.'),
      verbs: texts('Verbs; `*` means all.', keptNull),
    },
    ['verbs'],
  ),
  keptNull,
);

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
    apiGroup: text('API group of the role.', { default: group }),
    kind: text('Role or ClusterRole.', keptText),
    name: text('Name of the role.', keptText),
  },
  ['kind', 'name'],
  { 'x-kubernetes-map-type': 'atomic', ...keptEmpty },
);

const aggregationRule = object('Makes the rules of this role from those of others; the server then writes `rules`.', {
  clusterRoleSelectors: atomicList('Selects the roles to join.', labelSelector('Selects roles by their labels.')),
});

const bindingColumns: PrinterColumn[] = [
  nameColumn,
  { name: 'Role', type: 'string', description: 'The role that is given.', cell: 'binding-role' },
  ageColumn,
  { name: 'Users', type: 'string', description: 'Users who get the role.', priority: 1, cell: 'binding-users' },
  { name: 'Groups', type: 'string', description: 'Groups that get the role.', priority: 1, cell: 'binding-groups' },
  {
    name: 'ServiceAccounts',
    type: 'string',
    description: 'Service accounts that get the role.',
    priority: 1,
    cell: 'binding-service-accounts',
  },
];

export const clusterRoleBindings: ResourceDefinition = builtinDefinition({
  group,
  version,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  nameFormat: 'path-segment',
  strategy: 'rolebindings',
  schema: kindSchema('ClusterRoleBinding gives a ClusterRole in the whole workspace.', { roleRef, subjects }, [
    'roleRef',
  ]),
  columns: bindingColumns,
});

export const clusterRoles: ResourceDefinition = builtinDefinition({
  group,
  version,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  nameFormat: 'path-segment',
  strategy: 'roles',
  schema: kindSchema('ClusterRole is a set of permissions for the whole workspace, or to be given in a namespace.', {
    aggregationRule,
    rules,
  }),
  columns: [nameColumn, createdAtColumn],
});

export const roleBindings: ResourceDefinition = builtinDefinition({
  group,
  version,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  nameFormat: 'path-segment',
  strategy: 'rolebindings',
  schema: kindSchema('RoleBinding gives a Role or ClusterRole in one namespace.', { roleRef, subjects }, ['roleRef']),
  columns: bindingColumns,
});

export const roles: ResourceDefinition = builtinDefinition({
  group,
  version,
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  nameFormat: 'path-segment',
  strategy: 'roles',
  schema: kindSchema('Role is a set of permissions in one namespace.', { rules }),
  columns: [nameColumn, createdAtColumn],
});
