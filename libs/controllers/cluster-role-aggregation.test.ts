import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { createClusterRoleAggregation } from './cluster-role-aggregation.ts';
import { dependenciesOf, inCluster, keyOf } from './controllers.fixture.ts';

const create = (environment: TestEnvironment) =>
  createClusterRoleAggregation({ ...dependenciesOf(environment), turns: environment.turns });

const group = 'rbac.authorization.k8s.io';
const roleKey = (name: string, cluster = 'c1') => keyOf(cluster, group, 'clusterroles', name);
const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });

function role(
  name: string,
  parts: { readonly resource?: string; readonly labels?: object; readonly selects?: object } = {},
) {
  const { resource, labels = {}, selects } = parts;
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...labels } },
    ...(resource === undefined ? {} : { rules: [rule(resource)] }),
    ...(selects === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: selects }] } }),
  } satisfies KubeObject;
}

const all = role('all', { selects: { part: 'yes' } });
const part = (name: string, resource: string) => role(name, { resource, labels: { part: 'yes' } });

describe('cluster-role-aggregation', () => {
  it.each([
    {
      name: 'the rules of what is selected, in the order of names',
      others: [part('b', 'pods'), part('a', 'secrets')],
      rules: ['secrets', 'pods'],
    },
    { name: 'none where nothing is selected', others: [role('a', { resource: 'secrets' })], rules: undefined },
    { name: 'each rule once', others: [part('a', 'pods'), part('b', 'pods')], rules: ['pods'] },
  ])('an aggregating role has $name', async ({ others, rules }) => {
    await using test = await testController(create, inCluster('c1', all, ...others));
    expect(test.get<{ rules?: unknown }>(roleKey('all'))?.rules).toEqual(rules?.map(rule));
  });

  it('follows the roles of its cluster, and only those', async () => {
    await using test = await testController(create, { ...inCluster('c1', all), ...inCluster('c2', part('p', 'pods')) });
    const rules = () => test.get<{ rules?: unknown }>(roleKey('all'))?.rules ?? [];
    expect(rules()).toEqual([]);
    await test.put(roleKey('p'), part('p', 'pods'));
    expect(rules()).toEqual([rule('pods')]);
    await test.put(roleKey('p'), part('p', 'secrets'));
    expect(rules()).toEqual([rule('secrets')]);
    await test.delete(roleKey('p'));
    expect(rules()).toEqual([]);
    expect(new Set(test.reconciled())).toEqual(new Set(['c1']));
  });

  it('looks at no cluster without an aggregating role, also once the last is gone', async () => {
    await using test = await testController(create, inCluster('c1', all));
    await test.delete(roleKey('all'));
    test.reconciled();
    await test.put(roleKey('p'), part('p', 'pods'));
    await test.put(roleKey('p', 'c2'), part('p', 'pods'));
    expect(test.reconciled()).toEqual([]);
  });
});
