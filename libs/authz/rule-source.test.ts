import type { UserInfo } from '@kcp-ts/api';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { threadCpuMs } from '@kcp-ts/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Question } from './attributes.ts';
import { createRbac } from './rbac.ts';
import { createStoreRuleSource, rbacChangeOf, rbacGroup } from './rule-source.ts';

const alice: UserInfo = { name: 'alice', groups: [] };
const inNamespace = (namespace: string): Question => ({
  kind: 'resource',
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'configmaps',
  subresource: '',
  namespace,
  name: 'x',
});

function key(resource: string, cluster: string, namespace: string, name: string): string {
  return formatKey({ group: rbacGroup, resource, identity: '-', cluster, namespace, name });
}

describe('rules in a store', () => {
  it('are followed by what is compiled as soon as they are durable', async () => {
    await using store = createMemoryStore();
    const rbac = createRbac(createStoreRuleSource(store));
    using _subscription = store.subscribe((events) => {
      for (const event of events) {
        const change = rbacChangeOf(event.key);
        if (change !== undefined) rbac.invalidate(change.cluster, change.namespace, change.object);
      }
    });
    const put = (at: string, object: Record<string, unknown>) =>
      store.commit([
        { op: 'put', key: at, expect: 'any', value: () => encodeStored('0123456789abcdef', 0, JSON.stringify(object)) },
      ]);
    const may = (namespace: string) => rbac.allows(alice, 'ws', inNamespace(namespace));
    const subjects = [{ kind: 'User', name: 'alice' }];
    const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }];

    expect([may('a'), may('b'), may('')]).toEqual([false, false, false]);
    await put(key('rolebindings', 'ws', 'a', 'x'), { subjects, roleRef: { kind: 'Role', name: 'r' } });
    expect(may('a')).toBe(false);
    await put(key('roles', 'ws', 'a', 'r'), { metadata: { name: 'r' }, rules });
    expect([may('a'), may('b'), may('')]).toEqual([true, false, false]);
    await put(key('clusterrolebindings', 'ws', '', 'x'), {
      subjects,
      roleRef: { kind: 'ClusterRole', name: 'reader' },
    });
    expect(may('b')).toBe(false);
    await put(key('clusterroles', 'system:admin', '', 'reader'), { metadata: { name: 'reader' }, rules });
    expect([may('a'), may('b'), may('')]).toEqual([true, true, true]);
    expect(rbac.allows(alice, 'other', inNamespace('a'))).toBe(false);
    await store.commit([{ op: 'delete', key: key('clusterrolebindings', 'ws', '', 'x'), expect: 'any' }]);
    await store.commit([{ op: 'delete', key: key('roles', 'ws', 'a', 'r'), expect: 'any' }]);
    expect([may('a'), may('b')]).toEqual([false, false]);
  });

  const subjectOf = fc.oneof(
    fc.record({ kind: fc.constant('User'), name: fc.constantFrom('alice', 'bob') }),
    fc.record({ kind: fc.constant('Group'), name: fc.constantFrom('team', 'ops') }),
    fc.record({ kind: fc.constant('ServiceAccount'), name: fc.constant('robot'), namespace: fc.constantFrom('', 'a') }),
  );
  const ruleOf = fc.record({
    verbs: fc.subarray(['get', 'list'], { minLength: 1 }),
    apiGroups: fc.constant(['']),
    resources: fc.subarray(['configmaps', 'secrets'], { minLength: 1 }),
  });
  const name = fc.constantFrom('x', 'y', 'z');
  const cluster = fc.constantFrom('ws', 'other', 'system:admin');
  const bindingOf = (kinds: readonly string[]) =>
    fc.record({
      roleRef: fc.record({ kind: fc.constantFrom(...kinds), name }),
      subjects: fc.array(subjectOf, { maxLength: 3 }),
    });
  const roleOf = fc.record({ rules: fc.array(ruleOf, { maxLength: 2 }) });
  const changeOf = fc.oneof(
    fc.tuple(fc.constant('clusterrolebindings'), cluster, fc.constant(''), name, bindingOf(['ClusterRole'])),
    fc.tuple(fc.constant('rolebindings'), cluster, fc.constantFrom('a', 'b'), name, bindingOf(['Role', 'ClusterRole'])),
    fc.tuple(fc.constant('clusterroles'), cluster, fc.constant(''), name, roleOf),
    fc.tuple(fc.constant('roles'), cluster, fc.constantFrom('a', 'b'), name, roleOf),
  );

  it('give the same answers when followed change by change as when compiled from the start, for any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(changeOf, fc.boolean()), { minLength: 1, maxLength: 25 }), async (changes) => {
        await using store = createMemoryStore();
        const source = createStoreRuleSource(store);
        const followed = createRbac(source);
        using _subscription = store.subscribe((events) => {
          for (const event of events) {
            const change = rbacChangeOf(event.key);
            if (change !== undefined) followed.invalidate(change.cluster, change.namespace, change.object);
          }
        });
        const users = [
          { name: 'alice', groups: ['team'] },
          { name: 'bob', groups: ['team', 'ops'] },
          { name: 'system:serviceaccount:a:robot', groups: [] },
        ];
        for (const [[resource, where, namespace, called, object], deleted] of changes) {
          const at = key(resource, where, namespace, called);
          const json = JSON.stringify({ metadata: { name: called }, ...object });
          await store.commit([
            deleted
              ? { op: 'delete', key: at, expect: 'any' }
              : { op: 'put', key: at, expect: 'any', value: () => encodeStored('0123456789abcdef', 0, json) },
          ]);
          const renewed = createRbac(source);
          for (const user of users) {
            for (const of of ['ws', 'other', 'system:admin']) {
              for (const inside of ['', 'a', 'b']) {
                expect(followed.allows(user, of, inNamespace(inside))).toBe(
                  renewed.allows(user, of, inNamespace(inside)),
                );
                expect(followed.rulesFor(user, of, inside)).toEqual(renewed.rulesFor(user, of, inside));
              }
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('change at the cost of what has changed, however many bindings there are', async () => {
    await using store = createMemoryStore();
    const bindings = Array.from({ length: 1_000 }, (_, index) => ({
      metadata: { name: `b${index}` },
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: Array.from({ length: 200 }, (__, subject) => ({ kind: 'User', name: `u${index}-${subject}` })),
    }));
    let reads = 0;
    const source = createStoreRuleSource(store);
    const rbac = createRbac({
      ...source,
      clusterRoleBindings: (of) => (of === 'ws' ? bindings : []),
      clusterRoleBinding: (_cluster, called) => bindings.find(({ metadata }) => metadata.name === called),
      clusterRole(of, called) {
        reads++;
        return source.clusterRole(of, called);
      },
    });
    const user = { name: 'u7-7', groups: [] };
    rbac.allows(user, 'ws', inNamespace(''));
    reads = 0;
    const begin = threadCpuMs();
    for (let change = 0; change < 100; change++) {
      rbac.invalidate('ws', '', { resource: 'clusterrolebindings', name: `b${change}` });
      rbac.invalidate('ws', '', { resource: 'clusterroles', name: 'r' });
      rbac.allows(user, 'ws', inNamespace(''));
    }
    expect(reads).toBeLessThanOrEqual(200);
    // Compiled again each time it takes a minute.
    expect(threadCpuMs() - begin).toBeLessThan(2_000);
  });

  it('of a namespace that no key can hold are none', async () => {
    await using store = createMemoryStore();
    const rbac = createRbac(createStoreRuleSource(store));
    for (const namespace of ['a/b', '../../other/default', '/']) {
      expect(rbac.allows(alice, 'ws', inNamespace(namespace))).toBe(false);
      expect(rbac.rulesFor(alice, 'ws', namespace)).toEqual([]);
    }
  });

  it('of other groups change nothing', () => {
    expect(rbacChangeOf('core/configmaps/-/ws/default/x')).toBeUndefined();
    expect(rbacChangeOf(key('clusterroles', 'ws', '', 'r'))).toEqual({
      cluster: 'ws',
      namespace: '',
      object: { resource: 'clusterroles', name: 'r' },
    });
  });
});
