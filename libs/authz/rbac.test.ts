import type { UserInfo } from '@kcp-ts/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Question } from './attributes.ts';
import { createRbac } from './rbac.ts';
import type { Binding, PolicyRule } from './rule-source.ts';
import type { RbacFixture } from './rule-source-of.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const verbs = ['get', 'list', 'create', '*'];
const groups = ['', 'apps', '*'];
const resources = ['pods', 'pods/log', '*', '*/log', '*/status'];
const names = ['a', 'b'];
const urls = ['/', '/api', '/api/*', '*', '/healthz'];
const users = ['alice', 'bob', 'system:serviceaccount:default:robot'];
const userGroups = ['team', 'ops', 'system:authenticated'];
const clusters = ['one', 'two', 'system:admin'];
const roleNames = ['r1', 'r2', 'r3'];

const some = (values: readonly string[]) => fc.subarray([...values], { minLength: 1 });
const ruleOf: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({ verbs: some(verbs), apiGroups: some(groups), resources: some(resources) }),
  fc.record({ verbs: some(verbs), apiGroups: some(groups), resources: some(resources), resourceNames: some(names) }),
  fc.record({ verbs: some(verbs), nonResourceURLs: some(urls) }),
);
const bindingOf = (kinds: readonly string[]): fc.Arbitrary<Binding> =>
  fc.record({
    roleRef: fc.record({ kind: fc.constantFrom(...kinds), name: fc.constantFrom(...roleNames) }),
    subjects: fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('User'), name: fc.constantFrom(...users) }),
        fc.record({ kind: fc.constant('Group'), name: fc.constantFrom(...userGroups) }),
        fc.record({
          kind: fc.constant('ServiceAccount'),
          name: fc.constant('robot'),
          namespace: fc.constantFrom('', 'default'),
        }),
      ),
      { maxLength: 3 },
    ),
  });
const rolesOf = fc.dictionary(fc.constantFrom(...roleNames), fc.array(ruleOf, { maxLength: 3 }));
const fixtureOf: fc.Arbitrary<RbacFixture> = fc.record({
  clusterRoles: fc.record(Object.fromEntries(clusters.map((cluster) => [cluster, rolesOf]))),
  roles: fc.record({ 'one/default': rolesOf }),
  clusterRoleBindings: fc.record(
    Object.fromEntries(clusters.map((cluster) => [cluster, fc.array(bindingOf(['ClusterRole']), { maxLength: 4 })])),
  ),
  roleBindings: fc.record({ 'one/default': fc.array(bindingOf(['Role', 'ClusterRole']), { maxLength: 4 }) }),
});
const userOf: fc.Arbitrary<UserInfo> = fc.record({ name: fc.constantFrom(...users), groups: fc.subarray(userGroups) });
const questionOf: fc.Arbitrary<Question> = fc.oneof(
  fc.record({
    kind: fc.constant('resource' as const),
    verb: fc.constantFrom('get', 'list', 'create', 'delete'),
    group: fc.constantFrom('', 'apps', 'batch'),
    version: fc.constant('v1'),
    resource: fc.constantFrom('pods', 'configmaps'),
    subresource: fc.constantFrom('', 'log', 'status'),
    namespace: fc.constantFrom('', 'default', 'other'),
    name: fc.constantFrom('', 'a', 'c'),
  }),
  fc.record({
    kind: fc.constant('non-resource' as const),
    verb: fc.constantFrom('get', 'create'),
    path: fc.constantFrom('/', '/api', '/api/v1', '/apis', '/healthz', '/healthz/x'),
  }),
);

/** Rule semantics once more, as plainly as they can be said. */
function plainRuleAllows(rule: PolicyRule, question: Question): boolean {
  const has = (list: readonly string[] | undefined, value: string) =>
    list?.some((entry) => entry === '*' || entry === value) === true;
  if (!has(rule.verbs, question.verb)) return false;
  if (question.kind === 'non-resource') {
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === question.path || (url.endsWith('*') && question.path.startsWith(url.slice(0, -1))),
    );
  }
  const full = question.subresource === '' ? question.resource : `${question.resource}/${question.subresource}`;
  return (
    has(rule.apiGroups, question.group) &&
    (has(rule.resources, full) ||
      (question.subresource !== '' && rule.resources?.includes(`*/${question.subresource}`) === true)) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(question.name))
  );
}

function plainAllows(fixture: RbacFixture, user: UserInfo, cluster: string, question: Question): boolean {
  const binds = (binding: Binding, namespace: string) =>
    binding.subjects?.some((subject) => {
      if (subject.kind === 'User') return subject.name === user.name;
      if (subject.kind === 'Group') return user.groups.includes(subject.name);
      const home = subject.namespace === '' ? namespace : subject.namespace;
      return home !== '' && user.name === `system:serviceaccount:${home}:${subject.name}`;
    }) === true;
  const rules = (where: string, binding: Binding, namespace: string): readonly PolicyRule[] => {
    if (binding.roleRef.kind === 'Role') return fixture.roles?.[`${where}/${namespace}`]?.[binding.roleRef.name] ?? [];
    return (
      fixture.clusterRoles?.[where]?.[binding.roleRef.name] ??
      fixture.clusterRoles?.['system:admin']?.[binding.roleRef.name] ??
      []
    );
  };
  const held: PolicyRule[] = [];
  for (const where of new Set(['system:admin', cluster])) {
    for (const binding of fixture.clusterRoleBindings?.[where] ?? [])
      if (binds(binding, '')) held.push(...rules(where, binding, ''));
  }
  if (question.kind === 'resource' && question.namespace !== '') {
    const { namespace } = question;
    for (const binding of fixture.roleBindings?.[`${cluster}/${namespace}`] ?? []) {
      if (binds(binding, namespace)) held.push(...rules(cluster, binding, namespace));
    }
  }
  return held.some((rule) => plainRuleAllows(rule, question));
}

describe('rbac', () => {
  it('agrees with rules read plainly, for any rules, bindings and questions', () => {
    fc.assert(
      fc.property(
        fixtureOf,
        fc.array(fc.tuple(userOf, fc.constantFrom(...clusters), questionOf), { minLength: 5, maxLength: 20 }),
        (fixture, asked) => {
          const rbac = createRbac(ruleSourceOf(fixture));
          for (const [user, cluster, question] of asked) {
            expect(rbac.allows(user, cluster, question)).toBe(plainAllows(fixture, user, cluster, question));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const get: Question = {
    kind: 'resource',
    verb: 'get',
    group: '',
    version: 'v1',
    resource: 'configmaps',
    subresource: '',
    namespace: 'default',
    name: 'x',
  };
  const alice: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
  const reading: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] };
  const toAlice = (name: string, kind = 'ClusterRole'): Binding => ({
    roleRef: { kind, name },
    subjects: [{ kind: 'User', name: 'alice' }],
  });

  it('finds a role that only system:admin has', () => {
    const rbac = createRbac(
      ruleSourceOf({
        clusterRoles: { 'system:admin': { reader: [reading] } },
        clusterRoleBindings: { one: [toAlice('reader')] },
      }),
    );
    expect(rbac.allows(alice, 'one', get)).toBe(true);
    expect(rbac.allows(alice, 'two', get)).toBe(false);
    expect(rbac.rulesFor(alice, 'one', 'default')).toEqual([reading]);
    expect(rbac.roleRules('one', '', { kind: 'ClusterRole', name: 'reader' })).toEqual([reading]);
  });

  it('lets a role of the workspace shadow the one of system:admin', () => {
    const rbac = createRbac(
      ruleSourceOf({
        clusterRoles: { 'system:admin': { reader: [reading] }, one: { reader: [] } },
        clusterRoleBindings: { one: [toAlice('reader')] },
      }),
    );
    expect(rbac.allows(alice, 'one', get)).toBe(false);
  });

  it('forgets a cluster that is invalidated, and every cluster when system:admin is', () => {
    const fixture = {
      clusterRoles: { 'system:admin': {} as Record<string, PolicyRule[]> },
      clusterRoleBindings: { one: [toAlice('reader')], two: [] as Binding[] },
    };
    const rbac = createRbac(ruleSourceOf(fixture));
    expect(rbac.allows(alice, 'one', get)).toBe(false);
    expect(rbac.allows(alice, 'two', get)).toBe(false);
    fixture.clusterRoles['system:admin']['reader'] = [reading];
    rbac.invalidate('system:admin');
    expect(rbac.size()).toBe(0);
    expect(rbac.allows(alice, 'one', get)).toBe(true);
    expect(rbac.allows(alice, 'two', get)).toBe(false);
    fixture.clusterRoleBindings.two.push(toAlice('reader'));
    expect(rbac.allows(alice, 'two', get)).toBe(false);
    rbac.invalidate('two');
    expect(rbac.allows(alice, 'two', get)).toBe(true);
  });

  it('holds no more clusters than it may', () => {
    const rbac = createRbac(ruleSourceOf({}), { clustersMax: 3 });
    for (let index = 0; index < 10; index++) rbac.allows(alice, `c${index}`, get);
    expect(rbac.size()).toBe(3);
  });
});
