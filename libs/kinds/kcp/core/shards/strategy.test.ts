import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'shards';
const shard = (spec: object, labels?: object) => ({
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'Shard',
  metadata: { name: 'one', ...(labels === undefined ? {} : { labels }) },
  spec,
});

test('every URL of a shard is its base URL by default, and its label names it', async () => {
  const baseURL = 'https://one.example.com';
  const made = await createTestRegistry().create(plural, shard({ baseURL }));
  expect(made).toMatchObject({
    metadata: { labels: { name: 'one' } },
    spec: { baseURL, externalURL: baseURL, virtualWorkspaceURL: baseURL },
  });
  const other = 'https://other.example.com';
  const given = await createTestRegistry().create(plural, shard({ baseURL, externalURL: other }, { name: 'other' }));
  expect(given).toMatchObject({
    metadata: { labels: { name: 'other' } },
    spec: { baseURL, externalURL: other, virtualWorkspaceURL: baseURL },
  });
});

test('a shard goes when it holds no logical clusters', async () => {
  let clusters = 2;
  const on = createTestRegistry({ deps: { clustersOn: () => clusters } });
  const made = await on.create(plural, shard({ baseURL: 'https://one.example.com' }));
  expect(await refusal(on.remove(plural, made))).toEqual([
    'shards.core.kcp.io "one" is forbidden: the shard still has 2 logical clusters',
  ]);
  clusters = 0;
  await on.remove(plural, made);
  expect(on.get(plural, made)).toBeUndefined();
});
