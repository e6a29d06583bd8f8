import type { KubeObject } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { defaultBinding, validateBinding, validateRole } from './rbac-validation.ts';

const group = 'rbac.authorization.k8s.io';

function object(kind: string, fields: Record<string, unknown>): KubeObject {
  return { apiVersion: `${group}/v1`, kind, metadata: { name: 'x' }, ...fields };
}

function texts(errors: readonly { readonly field: string; readonly message: string }[]): readonly string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('validation of roles', () => {
  it('wants verbs, groups and resources', () => {
    expect(
      texts(
        validateRole(
          object('ClusterRole', { rules: [{ verbs: [] }, { verbs: ['get'], apiGroups: [''], resources: ['pods'] }] }),
        ),
      ),
    ).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
  });

  it('keeps paths to cluster roles and apart from resources', () => {
    const rules = [{ verbs: ['get'], nonResourceURLs: ['/a'] }];
    expect(validateRole(object('ClusterRole', { rules }))).toEqual([]);
    expect(texts(validateRole(object('Role', { rules })))).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs',
    ]);
    expect(texts(validateRole(object('ClusterRole', { rules: [{ ...rules[0], resources: ['pods'] }] })))).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ]);
  });

  it('wants selectors of an aggregation', () => {
    expect(texts(validateRole(object('ClusterRole', { aggregationRule: {} })))).toEqual([
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
  });
});

describe('validation of bindings', () => {
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'r' };

  it('accepts what the defaults complete', () => {
    const binding = object('ClusterRoleBinding', {
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    });
    defaultBinding(binding);
    expect(binding['roleRef']).toEqual(roleRef);
    expect(validateBinding(binding)).toEqual([]);
  });

  it('names what is wrong with the role and the subjects', () => {
    const subjects = [
      { kind: 'User', name: 'u' },
      { kind: 'ServiceAccount', name: 'S' },
      { kind: 'Pod', name: '' },
    ];
    expect(
      texts(validateBinding(object('ClusterRoleBinding', { roleRef: { kind: 'Role', name: 'a/b' }, subjects }))),
    ).toEqual([
      `roleRef.apiGroup: Unsupported value: "": supported values: "${group}"`,
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'roleRef.name: Invalid value: "a/b": may not contain \'/\'',
      `subjects[0].apiGroup: Unsupported value: "": supported values: "${group}"`,
      expect.stringContaining('subjects[1].name: Invalid value: "S": a lowercase RFC 1123 subdomain must consist of'),
      'subjects[1].namespace: Required value',
      'subjects[2].name: Required value',
      'subjects[2].kind: Unsupported value: "Pod": supported values: "ServiceAccount", "User", "Group"',
    ]);
  });

  it('refuses to change the role', () => {
    const old = object('RoleBinding', { roleRef: { ...roleRef, name: 'old' } });
    expect(texts(validateBinding(object('RoleBinding', { roleRef }), old))).toEqual([
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"r"}: cannot change roleRef',
    ]);
  });
});
