import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Escalation } from '@kcp-ts/authz';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const allowing: Escalation = {
  checkRole: () => undefined,
  checkRoleRemoval: () => undefined,
  checkBinding: () => undefined,
};

const group = 'rbac.authorization.k8s.io';
const binding: KubeObject = {
  apiVersion: `${group}/v1`,
  kind: 'RoleBinding',
  metadata: { name: 'readers', namespace: 'default' },
  roleRef: { kind: 'Role', name: 'reader' },
  subjects: [
    { kind: 'User', name: 'ann' },
    { kind: 'ServiceAccount', name: 'one', namespace: 'default' },
  ],
};

test('a binding is completed, and its role stays', async () => {
  const on = createTestRegistry({ deps: { escalation: allowing } });
  const made = await on.create('rolebindings', binding);
  expect(made).toMatchObject({
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
    subjects: [
      { kind: 'User', name: 'ann', apiGroup: group },
      { kind: 'ServiceAccount', name: 'one', namespace: 'default' },
    ],
  });
  const [message] = await refusal(
    on.update('rolebindings', { ...made, roleRef: { apiGroup: group, kind: 'Role', name: 'writer' } }),
  );
  expect(message).toContain('roleRef: Invalid value: ');
  expect(message).toContain('cannot change roleRef');
});

test('a binding is made by who may give its role', async () => {
  const checkBinding = () => {
    throw StatusError.badRequest('refused');
  };
  const on = createTestRegistry({ deps: { escalation: { ...allowing, checkBinding } } });
  expect(await refusal(on.create('rolebindings', binding))).toEqual(['refused']);
});
