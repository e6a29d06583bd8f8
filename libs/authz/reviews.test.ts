import type { KubeObject, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from './authorizer.ts';
import { createRbac } from './rbac.ts';
import { createReviews, selfSubjectReview } from './reviews.ts';
import type { PolicyRule } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const access: PolicyRule = { verbs: ['access'], nonResourceURLs: ['/'] };
const read: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] };
const rbac = createRbac(
  ruleSourceOf({
    clusterRoles: { ws: { reader: [access, read], outside: [read] } },
    clusterRoleBindings: {
      ws: [
        { roleRef: { kind: 'ClusterRole', name: 'reader' }, subjects: [{ kind: 'User', name: 'alice' }] },
        { roleRef: { kind: 'ClusterRole', name: 'outside' }, subjects: [{ kind: 'User', name: 'outsider' }] },
      ],
    },
  }),
);
const authorizer = createAuthorizer({
  rbac,
  cluster: (name) =>
    name === 'guarded' ? { phase: 'Ready', path: 'x', requiredGroups: 'g' } : { phase: 'Ready', path: 'root:ws' },
  boundExport: () => undefined,
  alwaysAllowPaths: [],
});
const reviews = createReviews(authorizer, rbac);
const alice: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
const attributes = { verb: 'get', resource: 'configmaps', namespace: 'default' };

function review(kind: string, spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return { kind, apiVersion: 'authorization.k8s.io/v1', metadata: metadata as KubeObject['metadata'], spec };
}

function statusFor(spec: Record<string, unknown>, deep = false, cluster = 'ws'): unknown {
  return reviews.subjectAccessReview(
    review('SubjectAccessReview', { resourceAttributes: attributes, ...spec }),
    cluster,
    deep,
  )['status'];
}

function failure(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return StatusError.from(error).message;
  }
}

const granted = { allowed: true, reason: 'access granted' };
const refused = { allowed: false, reason: 'access denied' };

describe('access reviews', () => {
  it('answer for a user, by the gates or deep', () => {
    expect(statusFor({ user: 'alice' })).toEqual(granted);
    expect(statusFor({ user: 'nobody' })).toEqual(refused);
    expect(statusFor({ user: 'outsider' })).toEqual(refused);
    expect(statusFor({ user: 'outsider' }, true)).toEqual(granted);
    expect(statusFor({ user: 'alice' }, false, 'guarded')).toEqual({
      allowed: false,
      denied: true,
      reason: 'access denied',
    });
  });

  it('heed scopes and warrants', () => {
    const scope = (...scopes: string[]) => ({ 'authentication.kcp.io/scopes': scopes });
    expect(statusFor({ user: 'alice', extra: scope('cluster:other,cluster:ws') })).toEqual(granted);
    expect(statusFor({ user: 'alice', extra: scope('cluster:ws', 'cluster:other') })).toEqual(refused);
    const warrant = { 'authorization.kcp.io/warrant': [JSON.stringify({ user: 'alice' })] };
    expect(statusFor({ user: 'nobody', extra: warrant })).toEqual(granted);
    const robot = {
      user: 'system:serviceaccount:default:robot',
      extra: { 'authentication.kcp.io/cluster-name': ['other'] },
    };
    expect(statusFor(robot)).toEqual(refused);
    expect(statusFor({ ...robot, extra: { ...robot.extra, ...warrant } })).toEqual(granted);
  });

  it('answer for oneself, for one namespace, and keep the question', () => {
    const own = review('SelfSubjectAccessReview', { resourceAttributes: attributes });
    expect(reviews.selfSubjectAccessReview(own, 'ws', alice)).toEqual({ ...own, status: granted });
    const path = review('SelfSubjectAccessReview', { nonResourceAttributes: { verb: 'access', path: '/' } });
    expect(reviews.selfSubjectAccessReview(path, 'ws', alice)['status']).toEqual(granted);
    const local = review(
      'LocalSubjectAccessReview',
      { user: 'alice', resourceAttributes: attributes },
      { namespace: 'default' },
    );
    expect(reviews.localSubjectAccessReview(local, 'ws', 'default')['status']).toEqual(granted);
  });

  it('refuse bad questions with the texts of Kubernetes', () => {
    const ask = (spec: Record<string, unknown>, metadata = {}) =>
      failure(() => reviews.subjectAccessReview(review('SubjectAccessReview', spec, metadata), 'ws', false));
    expect(ask({})).toBe(
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
    );
    expect(ask({ user: 'x', resourceAttributes: attributes, nonResourceAttributes: { path: '/' } })).toContain(
      'spec.nonResourceAttributes: Invalid value: {"path":"/"}: cannot be specified in combination with resourceAttributes',
    );
    expect(ask({ user: 'x', resourceAttributes: attributes }, { name: 'n', creationTimestamp: null })).toContain(
      'metadata: Invalid value: {"name":"n"}: must be empty',
    );
    const local = review('LocalSubjectAccessReview', { user: 'x', resourceAttributes: attributes });
    expect(failure(() => reviews.localSubjectAccessReview(local, 'ws', 'other'))).toBe(
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace',
    );
  });
});

describe('other reviews', () => {
  it('list the rules of a user, fewer when it is out of scope', () => {
    const own = review('SelfSubjectRulesReview', { namespace: 'default' });
    expect(reviews.selfSubjectRulesReview(own, 'ws', alice)).toEqual({
      ...own,
      spec: {},
      status: { resourceRules: [read], nonResourceRules: [access], incomplete: false },
    });
    const elsewhere = { ...alice, extra: { 'authentication.kcp.io/scopes': ['cluster:other'] } };
    expect(reviews.selfSubjectRulesReview(own, 'ws', elsewhere)['status']).toEqual({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: false,
    });
    expect(failure(() => reviews.selfSubjectRulesReview(review('SelfSubjectRulesReview', {}), 'ws', alice))).toBe(
      'no namespace on request',
    );
  });

  it('tell a user who it is', () => {
    const own: KubeObject = {
      kind: 'SelfSubjectReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {} as KubeObject['metadata'],
    };
    expect(selfSubjectReview(own, { ...alice, uid: '7' }, '2026-01-01T00:00:00Z')).toEqual({
      ...own,
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      status: { userInfo: { username: 'alice', uid: '7', groups: ['system:authenticated'] } },
    });
  });
});
