import type { UserInfo } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import type { AccessRequest, ResourceQuestion } from './attributes.ts';
import type { AuthorizerDependencies } from './authorizer.ts';
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

function authorizerOf(fixture: RbacFixture, deps: Partial<AuthorizerDependencies> = {}) {
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
    ...deps,
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
    expect(['/healthz', '/readyz', '/livez'].map(get)).toEqual([true, true, true]);
    expect(['/livez/ping', '/healthzz', '/api', '/metrics'].map(get)).toEqual([false, false, false, false]);
  });

  it('lets RBAC alone decide on the metrics of the process, also on a shard that does not have root', () => {
    const may = (path: string, name: string) =>
      authorizerOf({
        clusterRoles: { 'system:admin': { reader: [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/secret'] }] } },
        clusterRoleBindings: { 'system:admin': [bind('reader', 'User', 'bob')] },
      }).authorize({ user: user(name), cluster: 'elsewhere', verb: 'get', kind: 'non-resource', path }).allowed;
    expect([may('/metrics', 'bob'), may('/metrics', 'ann'), may('/secret', 'bob')]).toEqual([true, false, false]);
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

  it('counts a warrant though its user could not enter by itself, and asks the gates once', () => {
    const facts = { phase: 'Ready', path: 'root:ws', requiredGroups: 'team' };
    const warranted = (who: UserInfo, warrant: object): UserInfo => ({
      ...who,
      extra: { ...who.extra, 'authorization.kcp.io/warrant': [JSON.stringify(warrant)] },
    });
    const { authorize } = authorizerOf(
      {
        clusterRoles: { ws: { reader: [readThings] } },
        clusterRoleBindings: { ws: [bind('access', 'User', 'bob'), bind('reader', 'User', 'carol')] },
      },
      { cluster: (name) => (name === 'strict' ? facts : { phase: 'Ready', path: `root:${name}` }) },
    );
    expect(authorize(things(warranted(bob, { user: 'carol' }))).allowed).toBe(true);
    expect(authorize(things(warranted(user('eve'), { user: 'carol' }))).allowed).toBe(false);
    const scopes = { 'authentication.kcp.io/scopes': ['cluster:elsewhere'] };
    expect(
      authorize(things(warranted({ ...bob, extra: scopes }, { user: 'kcp', groups: ['system:kcp:admin'] }))).allowed,
    ).toBe(true);
    // The groups that a workspace requires are the user's own, of where it is in scope.
    const strict = (who: UserInfo) => authorize(things(who, { cluster: 'strict' })).allowed;
    const asAdmin = { user: 'kcp', groups: ['system:kcp:admin'] };
    expect(strict(warranted(user('eve', 'team'), asAdmin))).toBe(true);
    expect(strict(warranted(user('eve'), asAdmin))).toBe(false);
    expect(strict(warranted({ ...user('eve', 'team'), extra: scopes }, asAdmin))).toBe(false);
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

    it('reads the older prefix only where the provider names nobody by the one of today', () => {
      const { authorize } = authorizerOf(
        {
          clusterRoles: { provider: { policy: [readThings], one: [{ ...readThings, verbs: ['get'] }] } },
          clusterRoleBindings: {
            provider: [
              bind('policy', 'Group', 'apis.kcp.dev:binding:system:authenticated'),
              bind('one', 'User', 'apis.kcp.io:binding:somebody'),
            ],
          },
        },
        { boundExport },
      );
      expect(authorize(things(admin)).allowed).toBe(false);
    });

    const held = (name: string, extra: Record<string, string[]>, ...groups: string[]): UserInfo => ({
      ...user(name, ...groups),
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [`authentication.kcp.io/${key}`, values])),
    });
    const policyOf = (consumer: readonly Binding[], kind: 'User' | 'Group', ...subjects: string[]) =>
      authorizerOf(
        {
          clusterRoles: { provider: { policy: [readThings] } },
          clusterRoleBindings: {
            ws: [bind('cluster-admin', 'Group', 'system:authenticated'), ...consumer],
            provider: subjects.map((subject) => bind('policy', kind, `apis.kcp.io:binding:${subject}`)),
          },
        },
        { boundExport },
      );

    it('takes a user impersonated in the consumer for one of that cluster, not for the user that the assertion was made for', () => {
      const carol = held('carol', { scopes: ['cluster:ws'] }, 'team');
      const may = (kind: 'User' | 'Group', subject: string) =>
        policyOf([], kind, subject).authorize(things(carol)).allowed;
      expect([may('User', 'carol'), may('Group', 'team')]).toEqual([false, false]);
      expect([may('Group', 'system:authenticated'), may('Group', 'system:cluster:ws')]).toEqual([true, true]);
      const both = held('carol', { scopes: ['cluster:ws,cluster:provider'] }, 'team');
      expect(policyOf([], 'User', 'carol').authorize(things(both)).allowed).toBe(true);
    });

    it('takes who is outside its scopes in the consumer for nobody, a foreign service account among them', () => {
      const robot = 'system:serviceaccount:default:robot';
      const foreign = [
        held(robot, { 'cluster-name': ['home'], scopes: ['cluster:home'] }, 'system:serviceaccounts'),
        held('dave', { scopes: ['cluster:home'] }, 'team'),
      ];
      const groups = ['system:authenticated', 'system:serviceaccounts', 'team', 'system:cluster:home'];
      const users = ['system:kcp:serviceaccount:home:default:robot', 'dave', 'system:anonymous', robot];
      for (const who of foreign) {
        expect(policyOf([], 'Group', ...groups).authorize(things(who)).allowed).toBe(false);
        expect(policyOf([], 'User', ...users).authorize(things(who)).allowed).toBe(false);
      }
    });

    it.each([
      ['its one home', { 'cluster-name': ['ws'], scopes: ['cluster:ws'] }, true],
      ['no home, as when it was impersonated', { scopes: ['cluster:ws'] }, false],
      ['two homes', { 'cluster-name': ['ws', 'provider'], scopes: ['cluster:ws'] }, false],
      ['its home outside its scope', { 'cluster-name': ['ws'], scopes: ['cluster:provider'] }, false],
    ])('knows a service account with %s: %j, %s', (_what, extra, allowed) => {
      const robot = held('system:serviceaccount:default:robot', extra);
      const local = bind('cluster-admin', 'User', robot.name);
      const global = policyOf([local], 'User', 'system:kcp:serviceaccount:ws:default:robot');
      expect(global.authorize(things(robot)).allowed).toBe(allowed);
    });

    it('counts the users that a warrant speaks for', () => {
      const warrant = JSON.stringify({ user: 'erin' });
      const dave = { ...user('dave'), extra: { 'authorization.kcp.io/warrant': [warrant] } };
      expect(policyOf([], 'User', 'erin').authorize(things(dave)).allowed).toBe(true);
    });

    it('does not hold system:masters, also through a virtual workspace', () => {
      expect(policyOf([], 'User', 'nobody').authorize(things(masters)).allowed).toBe(true);
      expect(policyOf([], 'User', 'nobody').policyAllows(things(masters), 'provider')).toBe(true);
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

    it('can be asked alone, for users who act through a virtual workspace', () => {
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
