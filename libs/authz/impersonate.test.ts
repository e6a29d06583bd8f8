import type { UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from './authorizer.ts';
import type { Impersonation } from './impersonate.ts';
import { impersonate, reservedGroups } from './impersonate.ts';
import { createRbac } from './rbac.ts';
import type { PolicyRule } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const all: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const allPaths: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };
const limited: PolicyRule = { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['carol'] };
const rbac = createRbac(
  ruleSourceOf({
    clusterRoles: { ws: { admin: [all, allPaths], limited: [limited, allPaths] } },
    clusterRoleBindings: {
      ws: [
        { roleRef: { kind: 'ClusterRole', name: 'admin' }, subjects: [{ kind: 'User', name: 'alice' }] },
        { roleRef: { kind: 'ClusterRole', name: 'limited' }, subjects: [{ kind: 'User', name: 'bob' }] },
      ],
    },
  }),
);
const authorizer = createAuthorizer({
  rbac,
  cluster: () => ({ phase: 'Ready', path: 'root:ws' }),
  boundExport: () => undefined,
  alwaysAllowPaths: [],
});
const alice: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
const bob: UserInfo = { name: 'bob', groups: ['system:authenticated'] };
const scope = { 'authentication.kcp.io/scopes': ['cluster:ws'] };

function become(requester: UserInfo, wanted: Partial<Impersonation>): UserInfo | string {
  try {
    return impersonate(authorizer, requester, { user: 'carol', groups: [], extra: {}, ...wanted }, 'ws');
  } catch (error) {
    return StatusError.from(error).message;
  }
}

const refused = 'forbidden: impersonation is not allowed for the requestor';

describe('impersonate', () => {
  it('holds the impersonated user to the cluster', () => {
    expect(become(alice, {})).toEqual({ name: 'carol', groups: ['system:authenticated'], extra: scope });
    expect(become(alice, { groups: ['team'], uid: '7', extra: { color: ['red'] } })).toEqual({
      name: 'carol',
      uid: '7',
      groups: ['team', 'system:authenticated'],
      extra: { color: ['red'], ...scope },
    });
  });

  it('lets system:masters become anybody, without a scope', () => {
    const masters: UserInfo = { name: 'root', groups: ['system:masters'] };
    expect(become(masters, { groups: ['system:kcp:admin'] })).toEqual({
      name: 'carol',
      groups: ['system:kcp:admin', 'system:authenticated'],
    });
  });

  it.each([
    ...reservedGroups.names.filter((group) => group !== 'system:authenticated'),
    ...reservedGroups.prefixes.map((prefix) => `${prefix}anything`),
    'system:kcp:initializer:root:x',
  ])('refuses the group %s to a workspace admin, also when impersonating itself', (group) => {
    expect(become(alice, { groups: [group] })).toBe(refused);
    expect(become(alice, { user: 'alice', groups: ['team', group] })).toBe(refused);
    expect(become({ ...alice, groups: [...alice.groups, group] }, { groups: [group] })).not.toBe(refused);
  });

  it('refuses extras that grant rights', () => {
    for (const key of [
      'authorization.kcp.io/warrant',
      'authentication.kcp.io/cluster-name',
      'authentication.kcp.io/scopes',
      'Authentication.KCP.io/cluster-name',
    ]) {
      expect(become(alice, { extra: { [key]: ['x'] } })).toBe(
        `forbidden: impersonating the extra key ${JSON.stringify(key)} is not allowed for the requestor`,
      );
    }
  });

  it('asks RBAC for each part, in the words of kube-apiserver', () => {
    expect(become(bob, {})).toMatchObject({ name: 'carol' });
    expect(become(bob, { user: 'dave' })).toBe(
      'users "dave" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope: access denied',
    );
    expect(become(bob, { groups: ['team'] })).toBe(
      'groups "team" is forbidden: User "bob" cannot impersonate resource "groups" in API group "" at the cluster scope: access denied',
    );
    expect(become(bob, { user: 'system:serviceaccount:default:robot' })).toBe(
      'serviceaccounts "robot" is forbidden: User "bob" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default": access denied',
    );
    expect(become(bob, { extra: { color: ['red'] } })).toBe(
      'userextras.authentication.k8s.io "red" is forbidden: User "bob" cannot impersonate resource "userextras/color" in API group "authentication.k8s.io" at the cluster scope: access denied',
    );
    expect(become(bob, { uid: '7' })).toContain('uids.authentication.k8s.io "7" is forbidden');
  });

  it('gives a service account its groups and nobody none', () => {
    expect(become(alice, { user: 'system:serviceaccount:default:robot' })).toMatchObject({
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    expect(become(alice, { groups: ['system:unauthenticated'] })).toMatchObject({ groups: ['system:unauthenticated'] });
    expect(become(alice, { user: 'system:anonymous' })).toMatchObject({ groups: ['system:unauthenticated'] });
  });
});
