/** Microseconds per `authorize`, as JSON lines: `node libs/authz/rbac.bench.ts`. */
import type { UserInfo } from '@kcp-ts/api';
import type { AccessRequest } from './attributes.ts';
import { alwaysAllowPathsDefault, createAuthorizer } from './authorizer.ts';
import { createRbac } from './rbac.ts';
import type { Binding, PolicyRule } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const bindingsEach = 50;
const rounds = 1_000_000;
const all: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];
const toBob = (name: string): Binding => ({
  roleRef: { kind: 'ClusterRole', name },
  subjects: [{ kind: 'User', name: 'bob' }],
});
const roles = Object.fromEntries(
  Array.from({ length: bindingsEach }, (_, index): [string, PolicyRule[]] => [
    `role-${index}`,
    [{ verbs: ['get', 'list', 'watch'], apiGroups: [`group-${index}.io`], resources: ['things', `things-${index}`] }],
  ]),
);
const rbac = createRbac(
  ruleSourceOf({
    clusterRoles: {
      'system:admin': { 'cluster-admin': all, access: [{ verbs: ['access'], nonResourceURLs: ['/'] }] },
      ws: roles,
    },
    clusterRoleBindings: {
      'system:admin': [
        {
          roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'Group', name: 'system:kcp:admin' }],
        },
      ],
      ws: [...Object.keys(roles).map(toBob), toBob('access')],
    },
  }),
);
const authorizer = createAuthorizer({
  rbac,
  cluster: () => ({ phase: 'Ready', path: 'root:ws' }),
  boundExport: () => undefined,
  alwaysAllowPaths: alwaysAllowPathsDefault,
});
const admin: UserInfo = { name: 'kcp-admin', groups: ['system:kcp:admin', 'system:authenticated'] };
const bob: UserInfo = { name: 'bob', groups: ['team', 'system:authenticated'] };

function measure(name: string, user: UserInfo, resource: string, group: string): void {
  const request: AccessRequest = {
    user,
    cluster: 'ws',
    verb: 'list',
    kind: 'resource',
    group,
    version: 'v1',
    resource,
    subresource: '',
    namespace: 'default',
    name: '',
  };
  let allowed = 0;
  for (let round = 0; round < rounds / 10; round++) if (authorizer.authorize(request).allowed) allowed++;
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) if (authorizer.authorize(request).allowed) allowed++;
  const { user: microseconds } = process.cpuUsage(start);
  process.stdout.write(
    `${JSON.stringify({ bench: name, microsecondsPerCheck: microseconds / rounds, allowed: allowed > 0 })}\n`,
  );
}

measure('authorize kcp-admin', admin, 'configmaps', '');
measure(
  `authorize a user with ${bindingsEach} bindings, allowed by the last`,
  bob,
  'things',
  `group-${bindingsEach - 1}.io`,
);
measure(`authorize a user with ${bindingsEach} bindings, not allowed`, bob, 'secrets', '');
