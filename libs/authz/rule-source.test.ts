import type { UserInfo } from '@kcp-ts/meta';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
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
        if (change !== undefined) rbac.invalidate(change.cluster, change.namespace);
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

  it('of other groups change nothing', () => {
    expect(rbacChangeOf('core/configmaps/-/ws/default/x')).toBeUndefined();
    expect(rbacChangeOf(key('clusterroles', 'ws', '', 'r'))).toEqual({ cluster: 'ws', namespace: '' });
  });
});
