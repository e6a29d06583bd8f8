import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Escalation } from '@kcp-ts/authz';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

/** Refuses to make, change and remove roles, as far as the test says. */
function escalation(refused: readonly string[]): Escalation {
  const check = (what: string) => {
    if (refused.includes(what)) throw StatusError.badRequest(`${what} is refused`);
  };
  return {
    checkRole: (_role, old) => check(old === undefined ? 'create' : 'update'),
    checkRoleRemoval: () => check('removal'),
    checkBinding: () => check('binding'),
  };
}

function role(rules: object[]): KubeObject {
  const metadata = { name: 'reader', namespace: 'default' };
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules };
}

const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] };

test('a role is written by who holds what it gives', async () => {
  const refused: string[] = ['create'];
  const on = createTestRegistry({ deps: { escalation: escalation(refused) } });
  expect(await refusal(on.create('roles', role([rule])))).toEqual(['create is refused']);
  refused[0] = 'update';
  const made = await on.create('roles', role([rule]));
  expect(await refusal(on.update('roles', { ...made, rules: [] }))).toEqual(['update is refused']);
});

test('a role that stands before another one is removed by who holds what the other gives', async () => {
  const on = createTestRegistry({ deps: { escalation: escalation(['removal']) } });
  const made = await on.create('roles', role([rule]));
  expect(await refusal(on.remove('roles', made))).toEqual(['removal is refused']);
  // An owner takes it along when it goes.
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' };
  const owned = { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } };
  expect(await refusal(on.update('roles', owned))).toEqual(['removal is refused']);
});

test('a rule says what it allows', async () => {
  const on = createTestRegistry({ deps: { escalation: escalation([]) } });
  expect(await refusal(on.create('roles', role([{ ...rule, verbs: [] }])))).toEqual([
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ]);
});
