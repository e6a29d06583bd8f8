import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import type { Shard } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, prefixOf, testTime } from './controllers.fixture.ts';
import { createWorkspaceTypeUrls } from './workspace-type-urls.ts';

const shard = (name: string, spec: object): Shard => ({
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'Shard',
  metadata: { name },
  spec,
});
const type = (metadata: object = {}): KubeObject => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'WorkspaceType',
  metadata: { name: 'team', ...metadata },
});
const typeKey = keyOf('c1', 'tenancy.kcp.io', 'workspacetypes', 'team');

const create = (shards: () => readonly Shard[]) => (environment: TestEnvironment) =>
  createWorkspaceTypeUrls({
    ...dependenciesOf(environment),
    shards,
    typesPrefix: () => prefixOf('tenancy.kcp.io', 'workspacetypes'),
    shardsPrefix: () => prefixOf('core.kcp.io', 'shards'),
  });

const one = shard('one', { virtualWorkspaceURL: 'https://one' });
const two = shard('two', { baseURL: 'https://two' });
const urls = (...shards: readonly string[]) =>
  shards.flatMap((name) =>
    ['initializing', 'terminating'].map((kind) => ({
      type: kind,
      url: `https://${name}/services/${kind}workspaces/c1:team`,
    })),
  );

describe('workspace-type-urls', () => {
  it.each([
    { name: 'two of each shard', shards: [two, one], expected: urls('one', 'two') },
    { name: 'each once where shards share theirs', shards: [one, { ...one }], expected: urls('one') },
    { name: 'none without shards', shards: [], expected: [] },
  ])('a type has $name', async ({ shards, expected }) => {
    await using test = await testController(
      create(() => shards),
      inCluster('c1', type()),
    );
    const found = test.get<{
      status: { virtualWorkspaces: unknown; conditions: readonly { type: string; status: string }[] };
    }>(typeKey);
    expect(found?.status.virtualWorkspaces).toEqual(expected);
    expect(found?.status.conditions.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Ready True',
      'VirtualWorkspaceURLsReady True',
    ]);
  });

  it('one that is being deleted is left alone', async () => {
    const deleted = type({ deletionTimestamp: testTime, finalizers: ['x.io/y'] });
    await using test = await testController(
      create(() => [one]),
      inCluster('c1', deleted),
    );
    expect(test.get(typeKey)).toEqual(deleted);
  });

  it('follows the shards, and forgets a type that is gone', async () => {
    const shards = [one];
    await using test = await testController(
      create(() => shards),
      inCluster('c1', type()),
    );
    shards.push(two);
    const shardKey = keyOf('root', 'core.kcp.io', 'shards', 'two');
    await test.put(shardKey, two);
    expect(test.get<{ status: object }>(typeKey)?.status).toMatchObject({ virtualWorkspaces: urls('one', 'two') });
    await test.delete(typeKey);
    test.reconciled();
    await test.delete(shardKey);
    expect(test.reconciled()).toEqual([]);
  });
});
