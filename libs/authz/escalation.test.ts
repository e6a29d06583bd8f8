import type { KubeObject, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from './authorizer.ts';
import { uncoveredRules } from './covers.ts';
import type { RbacWriter } from './escalation.ts';
import { createEscalation } from './escalation.ts';
import { createRbac } from './rbac.ts';
import type { Binding, PolicyRule } from './rule-source.ts';
import { rbacGroup } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const apiVersion = `${rbacGroup}/v1`;
const access: PolicyRule = { verbs: ['access'], nonResourceURLs: ['/'] };
const readSecrets: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'] };
const escalating: PolicyRule = { verbs: ['escalate'], apiGroups: [rbacGroup], resources: ['clusterroles'] };
const binding: PolicyRule = {
  verbs: ['bind'],
  apiGroups: [rbacGroup],
  resources: ['clusterroles'],
  resourceNames: ['powerful'],
};
const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

function bindUser(role: string, name: string): Binding {
  return { roleRef: { kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name }] };
}

const rbac = createRbac(
  ruleSourceOf({
    clusterRoles: {
      'system:admin': { powerful: everything },
      ws: {
        access: [access],
        reader: [access, readSecrets],
        escalator: [access, escalating],
        binder: [access, binding],
      },
    },
    clusterRoleBindings: {
      ws: [
        bindUser('reader', 'reader'),
        bindUser('escalator', 'escalator'),
        bindUser('binder', 'binder'),
        bindUser('powerful', 'boss'),
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
const escalation = createEscalation(authorizer, rbac);

function writer(name: string, ...groups: string[]): RbacWriter {
  const user: UserInfo = { name, groups: [...groups, 'system:authenticated'] };
  return { user, cluster: 'ws', namespace: '' };
}

function clusterRole(
  rules: readonly PolicyRule[],
  more: Record<string, unknown> = {},
  labels: Record<string, string> = {},
): KubeObject {
  return { apiVersion, kind: 'ClusterRole', metadata: { name: 'r', labels }, rules, ...more };
}

function clusterRoleBinding(role: string, subject = 'x'): KubeObject {
  const subjects = [{ kind: 'User', apiGroup: rbacGroup, name: subject }];
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'b' },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects,
  };
}

function outcome(run: () => void): string {
  try {
    run();
    return 'allowed';
  } catch (error) {
    return StatusError.from(error).message;
  }
}

describe('escalation', () => {
  const writeRole = (who: RbacWriter, role: KubeObject, old?: KubeObject) =>
    outcome(() => escalation.checkRole(role, old, who));
  const writeBinding = (who: RbacWriter, object: KubeObject, old?: KubeObject) =>
    outcome(() => escalation.checkBinding(object, old, who));

  it('lets nobody write a role beyond what he holds', () => {
    expect(writeRole(writer('reader'), clusterRole([readSecrets, { ...readSecrets, resourceNames: ['a'] }]))).toBe(
      'allowed',
    );
    expect(
      writeRole(
        writer('reader', 'team'),
        clusterRole([{ verbs: ['get', 'create', 'delete'], apiGroups: [''], resources: ['secrets', 'configmaps'] }]),
      ),
    ).toBe(
      'clusterroles.rbac.authorization.k8s.io "r" is forbidden: user "reader" (groups=["team" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["get" "create" "delete"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["create" "delete"]}',
    );
  });

  it('exempts system:masters, who holds everything, and who may escalate', () => {
    for (const who of [writer('x', 'system:masters'), writer('boss'), writer('escalator')])
      expect(writeRole(who, clusterRole(everything))).toBe('allowed');
  });

  it('judges rules that stay when a label could make others aggregate them, but not for the garbage collector', () => {
    const old = clusterRole(everything);
    expect(writeRole(writer('reader'), clusterRole(everything, {}, { aggregate: 'true' }), old)).toContain(
      'attempting to grant',
    );
    const collected: KubeObject = { ...old, metadata: { ...old.metadata, finalizers: [], resourceVersion: '7' } };
    expect(writeRole(writer('reader'), collected, old)).toBe('allowed');
  });

  it('wants everything of who aggregates', () => {
    const aggregating = clusterRole([], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } });
    expect(writeRole(writer('reader'), aggregating)).toBe(
      'clusterroles.rbac.authorization.k8s.io "r" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
    expect(writeRole(writer('boss'), aggregating)).toBe('allowed');
    expect(writeRole(writer('reader'), clusterRole([]), aggregating)).toContain('must have cluster-admin privileges');
  });

  it('lets nobody bind a role beyond what he holds, unless he may bind it', () => {
    expect(writeBinding(writer('reader'), clusterRoleBinding('reader'))).toBe('allowed');
    expect(writeBinding(writer('binder'), clusterRoleBinding('powerful'))).toBe('allowed');
    expect(writeBinding(writer('binder'), clusterRoleBinding('reader'))).toContain('attempting to grant');
    expect(writeBinding(writer('reader'), clusterRoleBinding('powerful'))).toBe(
      'clusterrolebindings.rbac.authorization.k8s.io "b" is forbidden: user "reader" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
    );
    expect(
      writeBinding(writer('reader'), clusterRoleBinding('powerful', 'reader'), clusterRoleBinding('powerful')),
    ).toContain('attempting to grant');
  });

  it('takes the name of `escalate` from the request: one with resourceNames counts for an update, never for a create', () => {
    const named = createRbac(
      ruleSourceOf({
        clusterRoles: { ws: { some: [access, { ...escalating, resourceNames: ['r'] }] } },
        clusterRoleBindings: { ws: [bindUser('some', 'ann')] },
      }),
    );
    const { checkRole } = createEscalation(
      createAuthorizer({
        rbac: named,
        cluster: () => ({ phase: 'Ready', path: 'root:ws' }),
        boundExport: () => undefined,
        alwaysAllowPaths: [],
      }),
      named,
    );
    const write = (old?: KubeObject) => outcome(() => checkRole(clusterRole(everything), old, writer('ann')));
    expect(write()).toContain('attempting to grant');
    expect(write(clusterRole([]))).toBe('allowed');
  });

  describe('of a name that system:admin has too', () => {
    const shadowed = createRbac(
      ruleSourceOf({
        clusterRoles: {
          'system:admin': { view: [readSecrets] },
          ws: {
            view: [],
            access: [access],
            reader: [access, readSecrets],
            binder: [access, { ...binding, resourceNames: ['view'] }],
          },
        },
        clusterRoleBindings: {
          ws: [bindUser('reader', 'reader'), bindUser('access', 'ann'), bindUser('binder', 'binder')],
        },
      }),
    );
    const { checkBinding, checkRoleRemoval } = createEscalation(
      createAuthorizer({
        rbac: shadowed,
        cluster: () => ({ phase: 'Ready', path: 'root:ws' }),
        boundExport: () => undefined,
        alwaysAllowPaths: [],
      }),
      shadowed,
    );
    const lacking = 'attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"]';
    const view: KubeObject = { ...clusterRole([]), metadata: { name: 'view' } };

    it('judges a binding by both roles', () => {
      const bindView = (name: string) =>
        outcome(() => checkBinding(clusterRoleBinding('view'), undefined, writer(name)));
      expect(bindView('ann')).toContain(lacking);
      expect([bindView('reader'), bindView('binder')]).toEqual(['allowed', 'allowed']);
    });

    it('judges the removal of the own role as a grant of the other', () => {
      const removeView = (name: string) => outcome(() => checkRoleRemoval(view, writer(name)));
      expect(removeView('ann')).toContain(lacking);
      expect([removeView('reader'), removeView('binder')]).toEqual(['allowed', 'allowed']);
      expect(outcome(() => checkRoleRemoval(view, writer('x', 'system:masters')))).toBe('allowed');
      expect(outcome(() => checkRoleRemoval(clusterRole(everything), writer('ann')))).toBe('allowed');
      expect(outcome(() => checkRoleRemoval({ ...view, kind: 'Role' }, { ...writer('ann'), namespace: 'n' }))).toBe(
        'allowed',
      );
    });
  });

  it('answers NotFound for a role that is nowhere', () => {
    expect(writeBinding(writer('reader'), clusterRoleBinding('nonesuch'))).toBe(
      'clusterroles.rbac.authorization.k8s.io "nonesuch" not found',
    );
  });
});

describe('uncovered rules', () => {
  const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
  const ruleOf: fc.Arbitrary<PolicyRule> = fc.oneof(
    fc.record({
      verbs: some('get', 'list', '*'),
      apiGroups: some('', 'apps', '*'),
      resources: some('pods', 'pods/log', '*/log', '*'),
    }),
    fc.record({
      verbs: some('get', 'list'),
      apiGroups: some(''),
      resources: some('pods'),
      resourceNames: some('a', 'b'),
    }),
    fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/', '/a', '/a/*', '*') }),
  );

  it('are none of what one holds, and everything of what is asked when one holds nothing', () => {
    fc.assert(
      fc.property(fc.array(ruleOf, { maxLength: 4 }), (rules) => {
        expect(uncoveredRules(rules, rules)).toEqual([]);
        expect(uncoveredRules([], rules).length === 0).toBe(rules.length === 0);
      }),
    );
  });

  it('never let a question be allowed by the asked rules alone', () => {
    const questions = ['get', 'list', 'create'].flatMap((verb) =>
      ['', 'apps', 'batch'].flatMap((group) =>
        ['', 'log'].flatMap((subresource) =>
          ['', 'a', 'c'].map((name) => ({
            kind: 'resource' as const,
            verb,
            group,
            version: 'v1',
            resource: 'pods',
            subresource,
            namespace: '',
            name,
          })),
        ),
      ),
    );
    const me: UserInfo = { name: 'me', groups: [] };
    const allowing = (rules: readonly PolicyRule[]) =>
      createRbac(
        ruleSourceOf({ clusterRoles: { ws: { r: rules } }, clusterRoleBindings: { ws: [bindUser('r', 'me')] } }),
      );
    fc.assert(
      fc.property(fc.array(ruleOf, { maxLength: 3 }), fc.array(ruleOf, { maxLength: 2 }), (held, asked) => {
        fc.pre(uncoveredRules(held, asked).length === 0);
        const [own, granted] = [allowing(held), allowing(asked)];
        for (const question of questions)
          if (granted.allows(me, 'ws', question)) expect(own.allows(me, 'ws', question)).toBe(true);
      }),
    );
  });
});
