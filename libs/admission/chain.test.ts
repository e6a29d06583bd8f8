import type { ClusterName, KubeObject } from '@kcp-ts/api';
import type { Attributes, ServedResource } from '@kcp-ts/registry';
import { expect, it } from 'vitest';
import { createAdmissionChain } from './chain.ts';
import type { AdmissionPlugin } from './plugin.ts';

function attributesFor(plural: string, group = ''): Attributes & { readonly object: KubeObject } {
  const served = { definition: { group, plural } } as unknown as ServedResource;
  const object: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } };
  return {
    operation: 'CREATE',
    object,
    oldObject: undefined,
    served,
    requested: served,
    cluster: 'c1' as ClusterName,
    namespace: '',
    user: { name: 'ann', groups: [] },
    timestamp: '',
    dryRun: false,
    subresource: '',
    warn: () => undefined,
    slices: { due: false, pause: () => undefined, restart: () => undefined },
  };
}

function recorder(log: string[], name: string, more: Partial<AdmissionPlugin> = {}): AdmissionPlugin {
  return {
    name,
    operations: ['CREATE'],
    admit: () => void log.push(`${name} admits`),
    validate: () => void log.push(`${name} validates`),
    ...more,
  };
}

it('asks the plugins that handle an operation on a resource, in their order, and no others', async () => {
  const log: string[] = [];
  const chain = createAdmissionChain([
    recorder(log, 'first', { admit: () => Promise.resolve().then(() => void log.push('first admits')) }),
    recorder(log, 'updates', { operations: ['UPDATE', 'DELETE'] }),
    recorder(log, 'secrets', { resources: ['secrets'] }),
    recorder(log, 'last', { resources: ['configmaps', 'roles.rbac.authorization.k8s.io'] }),
  ]);
  for (const attributes of [attributesFor('configmaps'), attributesFor('roles', 'rbac.authorization.k8s.io')]) {
    await chain.admit(attributes, () => undefined);
    await chain.validate(attributes);
    expect(log.splice(0)).toEqual(['first admits', 'last admits', 'first validates', 'last validates']);
  }
});

it('prunes and defaults behind each plugin that changes content, before the next one sees it', async () => {
  const log: string[] = [];
  const complete = () => void log.push('complete');
  const chain = createAdmissionChain([
    recorder(log, 'labels'),
    recorder(log, 'fields', { changesContent: true }),
    recorder(log, 'slow', { changesContent: true, admit: async () => void log.push('slow admits') }),
    recorder(log, 'last'),
  ]);
  await chain.admit(attributesFor('configmaps'), complete);
  expect(log).toEqual(['labels admits', 'fields admits', 'complete', 'slow admits', 'complete', 'last admits']);
});

it('a plugin that refuses ends the chain, whether it refuses at once or later', async () => {
  for (const admit of [
    () => {
      throw new Error('no');
    },
    () => Promise.reject(new Error('no')),
  ]) {
    const log: string[] = [];
    const chain = createAdmissionChain([recorder(log, 'refusing', { admit }), recorder(log, 'next')]);
    await expect((async () => chain.admit(attributesFor('configmaps'), () => undefined))()).rejects.toThrow('no');
    expect(log).toEqual([]);
  }
});

it('a commit relies on what all plugins have read', () => {
  const check = (key: string) => ({ op: 'check', key, createRevision: 'absent' }) as const;
  const chain = createAdmissionChain([
    recorder([], 'one', { settle: () => [check('a')] }),
    recorder([], 'none'),
    recorder([], 'two', { settle: () => [check('b'), check('c')] }),
  ]);
  expect(chain.settle(attributesFor('configmaps'))).toEqual([check('a'), check('b'), check('c')]);
});
