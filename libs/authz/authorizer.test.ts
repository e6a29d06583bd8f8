import type { UserInfo } from '@kcp-ts/meta';
import { describe, expect, it } from 'vitest';
import type { AccessRequest, ResourceQuestion } from './attributes.ts';
import type { AuthorizerNeeds } from './authorizer.ts';
import { alwaysAllowPathsDefault, createAuthorizer } from './authorizer.ts';
import { forbiddenError } from './forbidden-error.ts';
import { createRbac } from './rbac.ts';
import type { Binding, PolicyRule } from './rule-source.ts';
import type { RbacFixture } from './rule-source-of.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const all: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const allPaths: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };
const access: PolicyRule = { verbs: ['access'], nonResourceURLs: ['/'] };
const readThings: PolicyRule = { verbs: ['get', 'list'], apiGroups: ['share.io'], resources: ['things'] };

function bind(role: string, kind: 'User' | 'Group', name: string): Binding {
  return { roleRef: { kind: 'ClusterRole', name: role }, subjects: [{ kind, name }] };
}

const systemAdmin: RbacFixture = {
  clusterRoles: { 'system:admin': { 'cluster-admin': [all, allPaths], access: [access] } },
  clusterRoleBindings: { 'system:admin': [bind('cluster-admin', 'Group', 'system:kcp:admin')] },
};

function authorizerOf(fixture: RbacFixture, needs: Partial<AuthorizerNeeds> = {}) {
  const joined: RbacFixture = {
    ...fixture,
    clusterRoles: { ...systemAdmin.clusterRoles, ...fixture.clusterRoles },
    clusterRoleBindings: { ...systemAdmin.clusterRoleBindings, ...fixture.clusterRoleBindings },
  };
  return createAuthorizer({
    rbac: createRbac(ruleSourceOf(joined)),
    cluster: (name) => (name === 'ws' || name === 'provider' ? { phase: 'Ready', path: `root:${name}` } : undefined),
    boundExport: () => undefined,
    alwaysAllowPaths: alwaysAllowPathsDefault,
    ...needs,
  });
}

function user(name: string, ...groups: string[]): UserInfo {
  return { name, groups: [...groups, 'system:authenticated'] };
}

function things(
  who: UserInfo,
  more: Partial<ResourceQuestion> & { verb?: string; cluster?: string } = {},
): AccessRequest {
  return {
    user: who,
    cluster: 'ws',
    verb: 'list',
    kind: 'resource',
    group: 'share.io',
    version: 'v1',
    resource: 'things',
    subresource: '',
    namespace: '',
    name: '',
    ...more,
  };
}

const admin = user('kcp-admin', 'system:kcp:admin');
const masters = user('shard-admin', 'system:masters');
const bob = user('bob');

describe('authorizer', () => {
  it('lets system:masters do everything everywhere', () => {
    const { authorize } = authorizerOf({});
    for (const cluster of ['ws', 'unknown', 'system:admin', '*', ''])
      expect(authorize(things(masters, { cluster })).allowed).toBe(true);
    expect(
      authorize(things(masters, { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'status' })).allowed,
    ).toBe(true);
  });

  it('keeps system clusters, all clusters, no cluster and unknown clusters to system:masters', () => {
    const { authorize } = authorizerOf({});
    expect(authorize(things(admin)).allowed).toBe(true);
    for (const cluster of ['unknown', 'system:admin', '*', ''])
      expect(authorize(things(admin, { cluster })).allowed).toBe(false);
  });

  it('always allows the health paths and nothing beside them', () => {
    const { authorize } = authorizerOf({});
    const get = (path: string) =>
      authorize({ user: bob, cluster: 'ws', verb: 'get', kind: 'non-resource', path }).allowed;
    expect(['/healthz', '/readyz', '/livez/ping'].map(get)).toEqual([true, true, true]);
    expect(['/healthzz', '/api', '/metrics'].map(get)).toEqual([false, false, false]);
  });

  it('wants access and a rule, each of which is not enough', () => {
    const roles = { ws: { reader: [readThings] } };
    const bindings = { access: bind('access', 'User', 'bob'), reader: bind('reader', 'User', 'bob') };
    const may = (...names: (keyof typeof bindings)[]) =>
      authorizerOf({ clusterRoles: roles, clusterRoleBindings: { ws: names.map((name) => bindings[name]) } }).authorize(
        things(bob),
      ).allowed;
    expect([may('access'), may('reader'), may('access', 'reader')]).toEqual([false, false, true]);
  });

  it('answers a deep question without the gates', () => {
    const { authorize, authorizeDeep } = authorizerOf({
      clusterRoles: { ws: { reader: [readThings] } },
      clusterRoleBindings: { ws: [bind('reader', 'User', 'bob')] },
    });
    expect(authorize(things(bob)).allowed).toBe(false);
    expect(authorizeDeep(things(bob)).allowed).toBe(true);
    expect(authorizeDeep(things(bob, { verb: 'delete' })).allowed).toBe(false);
    expect(
      authorizeDeep(things(admin, { group: 'apis.kcp.io', resource: 'apiexports', subresource: 'status' })).allowed,
    ).toBe(false);
  });

  it('asks for the required groups of a workspace: one clause of which all', () => {
    const authorizer = authorizerOf(
      { clusterRoleBindings: { ws: [bind('cluster-admin', 'User', 'bob')] } },
      { cluster: () => ({ phase: 'Ready', path: 'root:ws', requiredGroups: 'a,b;c' }) },
    );
    const may = (...groups: string[]) => authorizer.authorize(things(user('bob', ...groups)));
    expect(may()).toEqual({ allowed: false, denied: true, reason: 'user is not a member of required groups: a,b;c' });
    expect([may('a').allowed, may('a', 'b').allowed, may('c').allowed]).toEqual([false, true, true]);
    expect(authorizer.authorize(things(admin)).allowed).toBe(true);
  });

  it.each([
    ['Scheduling', false],
    ['Initializing', true],
    ['Ready', true],
    ['Unavailable', false],
    ['Terminating', true],
  ])('in phase %s lets an admin in: %s', (phase, allowed) => {
    const { authorize } = authorizerOf({}, { cluster: () => ({ phase, path: 'root:ws' }) });
    expect(authorize(things(admin)).allowed).toBe(allowed);
  });

  it('lets an initializer act while the workspace initializes, and not later', () => {
    const initializer = user('someone', 'system:kcp:initializer:root:x');
    const may = (phase: string) =>
      authorizerOf({}, { cluster: () => ({ phase, path: 'root:ws' }) }).authorize(things(initializer)).allowed;
    expect([may('Initializing'), may('Ready'), may('Deleting')]).toEqual([true, false, false]);
  });

  it('denies the status of exports and bindings even to admins, for any verb', () => {
    const { authorize } = authorizerOf({});
    const ask = (resource: string) =>
      authorize(things(admin, { verb: 'get', group: 'apis.kcp.io', resource, subresource: 'status' }));
    expect(ask('apiexports')).toEqual({
      allowed: false,
      denied: true,
      reason: 'apiexport status updates not permitted',
    });
    expect(ask('apibindings')).toEqual({
      allowed: false,
      denied: true,
      reason: 'apibinding status updates not permitted',
    });
  });

  describe('with a maximal permission policy', () => {
    const boundExport = () => ({ exportCluster: 'provider', exportName: 'share.io', maximalPermissionPolicy: true });
    const policy = (subject: string, kind: 'User' | 'Group' = 'User') =>
      authorizerOf(
        {
          clusterRoles: { provider: { policy: [readThings] } },
          clusterRoleBindings: { provider: [bind('policy', kind, subject)] },
        },
        { boundExport },
      );

    it('allows at most what the provider allows', () => {
      const { authorize } = policy('apis.kcp.io:binding:kcp-admin');
      expect(authorize(things(admin)).allowed).toBe(true);
      expect(authorize(things(admin, { verb: 'delete' })).allowed).toBe(false);
      expect(policy('kcp-admin').authorize(things(admin)).allowed).toBe(false);
    });

    it('knows groups, and the older prefix', () => {
      expect(policy('apis.kcp.io:binding:system:authenticated', 'Group').authorize(things(admin)).allowed).toBe(true);
      expect(policy('apis.kcp.dev:binding:system:kcp:admin', 'Group').authorize(things(admin)).allowed).toBe(true);
    });

    it('names service accounts with their cluster', () => {
      const robot = user('system:serviceaccount:default:robot');
      const { authorize } = authorizerOf(
        {
          clusterRoles: { provider: { policy: [readThings] } },
          clusterRoleBindings: {
            provider: [bind('policy', 'User', 'apis.kcp.io:binding:system:kcp:serviceaccount:ws:default:robot')],
            ws: [bind('cluster-admin', 'User', robot.name)],
          },
        },
        { boundExport },
      );
      expect(authorize(things(robot)).allowed).toBe(true);
    });

    it('can be asked alone, for whoever acts through a virtual workspace', () => {
      const robot: UserInfo = {
        ...user('system:serviceaccount:default:robot'),
        extra: { 'authentication.kcp.io/cluster-name': ['home'] },
      };
      const authorizer = policy('apis.kcp.io:binding:system:kcp:serviceaccount:home:default:robot');
      expect(authorizer.policyAllows(things(robot), 'provider')).toBe(true);
      expect(authorizer.policyAllows(things(robot), 'ws')).toBe(false);
      expect(authorizer.policyAllows(things(bob), 'provider')).toBe(false);
    });

    it('passes where the export has none', () => {
      const { authorize } = authorizerOf(
        {},
        { boundExport: () => ({ ...boundExport(), maximalPermissionPolicy: false }) },
      );
      expect(authorize(things(admin)).allowed).toBe(true);
    });
  });
});

describe('forbiddenError', () => {
  it('says what kube-apiserver says', () => {
    const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    expect(
      forbiddenError(things(anonymous, { group: '', resource: 'configmaps', namespace: 'default' })).toStatus(),
    ).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default": access denied',
      reason: 'Forbidden',
      details: { kind: 'configmaps' },
      code: 403,
    });
    expect(forbiddenError(things(bob, { verb: 'get', name: 'a', subresource: 'status' })).message).toBe(
      'things.share.io "a" is forbidden: User "bob" cannot get resource "things/status" in API group "share.io" at the cluster scope: access denied',
    );
    expect(forbiddenError({ user: bob, cluster: 'ws', verb: 'get', kind: 'non-resource', path: '/x' }).message).toBe(
      'forbidden: User "bob" cannot get path "/x": access denied',
    );
  });
});
