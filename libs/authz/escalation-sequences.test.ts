/**
 * Whatever sequence of RBAC writes somebody without `bind` and `escalate` makes, nobody ends up
 * with more than the writer held and what they had before.
 */
import type { KubeObject, UserInfo } from '@kcp-ts/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Question } from './attributes.ts';
import { createAuthorizer } from './authorizer.ts';
import type { Escalation, RbacWriter } from './escalation.ts';
import { createEscalation } from './escalation.ts';
import type { Rbac } from './rbac.ts';
import { createRbac } from './rbac.ts';
import type { Binding, PolicyRule, RoleRef } from './rule-source.ts';
import { rbacGroup } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const runs = 400;
const seed = Number(process.env['KCP_PROPERTY_SEED'] ?? Date.now() % 0x7fffffff);

type Kind = 'Role' | 'ClusterRole';

type Command =
  | { readonly do: 'role'; readonly kind: Kind; readonly name: string; readonly rules: readonly PolicyRule[] }
  | { readonly do: 'remove role'; readonly kind: Kind; readonly name: string }
  | { readonly do: 'bind'; readonly inNamespace: boolean; readonly ref: RoleRef; readonly subject: string }
  | { readonly do: 'unbind'; readonly inNamespace: boolean; readonly at: number };

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];
const rule = (verbs: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...(resourceNames === undefined ? {} : { resourceNames }),
});

const names = ['cluster-admin', 'view', 'own'];
const subjects = ['writer', 'victim', 'other'];
const kinds: readonly Kind[] = ['Role', 'ClusterRole'];

/**
 * A workspace in which an admin left a role and a binding under a name of system:admin from a time
 * when nothing was checked.
 */
function initialState(held: readonly PolicyRule[]) {
  const bindingTo = (name: string, subject: string): Binding => ({
    roleRef: { kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name: subject }],
  });
  const roles: Record<string, readonly PolicyRule[]> = { held, view: [], old: [rule(['create'], ['pods'])] };
  const namespaced: Record<string, readonly PolicyRule[]> = {};
  const bindings: Binding[] = [bindingTo('held', 'writer'), bindingTo('view', 'other'), bindingTo('old', 'victim')];
  const namespacedBindings: Binding[] = [];
  const rbac = createRbac(
    ruleSourceOf({
      clusterRoles: {
        'system:admin': { 'cluster-admin': everything, view: [rule(['get', 'list'], ['*'])] },
        ws: roles,
      },
      roles: { 'ws/n': namespaced },
      clusterRoleBindings: { ws: bindings },
      roleBindings: { 'ws/n': namespacedBindings },
    }),
  );
  return { rbac, rolesOf: (kind: Kind) => (kind === 'Role' ? namespaced : roles), bindings, namespacedBindings };
}

const writerUser: UserInfo = { name: 'writer', groups: ['system:authenticated'] };

function attempt(run: () => void, change: () => void): void {
  try {
    run();
  } catch {
    return;
  }
  change();
}

function apply(
  command: Command,
  escalation: Escalation,
  { rolesOf, bindings, namespacedBindings }: ReturnType<typeof initialState>,
) {
  const writer = (inNamespace: boolean): RbacWriter => ({
    user: writerUser,
    cluster: 'ws',
    namespace: inNamespace ? 'n' : '',
  });
  const object = (kind: string, name: string, more: object): KubeObject => ({
    apiVersion: `${rbacGroup}/v1`,
    kind,
    metadata: { name },
    ...more,
  });
  switch (command.do) {
    case 'role': {
      const { kind, name, rules } = command;
      const roles = rolesOf(kind);
      const old = roles[name] === undefined ? undefined : object(kind, name, { rules: roles[name] });
      return attempt(
        () => escalation.checkRole(object(kind, name, { rules }), old, writer(kind === 'Role')),
        () => {
          roles[name] = rules;
        },
      );
    }
    case 'remove role': {
      const { kind, name } = command;
      const roles = rolesOf(kind);
      if (roles[name] === undefined) return;
      return attempt(
        () => escalation.checkRoleRemoval(object(kind, name, { rules: roles[name] }), writer(kind === 'Role')),
        () => {
          delete roles[name];
        },
      );
    }
    case 'bind': {
      const { inNamespace, ref, subject } = command;
      if (!inNamespace && ref.kind === 'Role') return;
      const binding: Binding = { roleRef: ref, subjects: [{ kind: 'User', name: subject }] };
      const kind = inNamespace ? 'RoleBinding' : 'ClusterRoleBinding';
      return attempt(
        () => escalation.checkBinding(object(kind, 'b', binding), undefined, writer(inNamespace)),
        () => void (inNamespace ? namespacedBindings : bindings).push(binding),
      );
    }
    case 'unbind':
      (command.inNamespace ? namespacedBindings : bindings).splice(command.at, 1);
  }
}

const questions: readonly Question[] = [
  { kind: 'non-resource', verb: 'access', path: '/' },
  ...['get', 'list', 'create'].flatMap((verb) =>
    ['secrets', 'pods'].flatMap((resource) =>
      ['', 'a'].flatMap((name) =>
        ['', 'n'].map(
          (namespace): Question => ({
            kind: 'resource',
            verb,
            group: '',
            version: 'v1',
            resource,
            subresource: '',
            namespace,
            name,
          }),
        ),
      ),
    ),
  ),
];

function granted(rbac: Rbac): ReadonlyMap<string, ReadonlySet<Question>> {
  return new Map(
    subjects.map((name) => [
      name,
      new Set(questions.filter((question) => rbac.allows({ name, groups: [] }, 'ws', question))),
    ]),
  );
}

const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({
    verbs: some('get', 'list', 'create', '*'),
    apiGroups: fc.constant(['']),
    resources: some('secrets', 'pods', '*'),
  }),
  fc.record({
    verbs: some('get', 'create'),
    apiGroups: fc.constant(['']),
    resources: some('secrets'),
    resourceNames: some('a'),
  }),
  fc.constant({ verbs: ['access'], nonResourceURLs: ['/'] }),
);
const rules = fc.array(anyRule, { maxLength: 2 });
const anyName = fc.constantFrom(...names);
const anyKind = fc.constantFrom(...kinds);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('role' as const), kind: anyKind, name: anyName, rules }),
  fc.record({ do: fc.constant('remove role' as const), kind: anyKind, name: anyName }),
  fc.record({
    do: fc.constant('bind' as const),
    inNamespace: fc.boolean(),
    ref: fc.record({ kind: anyKind, name: anyName }),
    subject: fc.constantFrom(...subjects),
  }),
  fc.record({ do: fc.constant('unbind' as const), inNamespace: fc.boolean(), at: fc.nat(3) }),
);

it(`no sequence of RBAC writes gives anybody more than the writer held and what was there (seed ${seed})`, () => {
  fc.assert(
    fc.property(rules, fc.array(command, { maxLength: 12 }), (held, commands) => {
      const state = initialState(held);
      const { rbac } = state;
      const authorizer = createAuthorizer({
        rbac,
        cluster: () => ({ phase: 'Ready', path: 'root:ws' }),
        boundExport: () => undefined,
        alwaysAllowPaths: [],
      });
      const escalation = createEscalation(authorizer, rbac);
      const before = granted(rbac);
      const own = before.get('writer');
      for (const one of commands) {
        apply(one, escalation, state);
        rbac.invalidate('ws');
      }
      for (const [subject, now] of granted(rbac))
        for (const question of now)
          expect(
            own?.has(question) === true || before.get(subject)?.has(question) === true,
            `${subject} may ${JSON.stringify(question)}`,
          ).toBe(true);
    }),
    { seed, numRuns: runs },
  );
});
