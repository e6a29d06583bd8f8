import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'partitionsets';

function partitionSet(shardSelector: object) {
  return {
    apiVersion: 'topology.kcp.io/v1alpha1',
    kind: 'PartitionSet',
    metadata: { name: 'regions' },
    spec: { dimensions: ['region'], shardSelector },
  };
}

test.each([
  [{ matchLabels: { 'a b': 'c' } }, 'spec.shardSelector.matchLabels', 'Label key prefixes are optional'],
  [{ matchLabels: { a: '' } }, 'spec.shardSelector.matchLabels', 'Label values are limited to 63 characters'],
  [
    { matchExpressions: [{ key: 'a b', operator: 'Exists' }] },
    'spec.shardSelector.matchExpressions[0].key',
    'Label key prefixes are optional',
  ],
  [
    { matchExpressions: [{ key: 'a', operator: 'In' }] },
    'spec.shardSelector.matchExpressions[0]',
    'There should be at least one value for In and NotIn operators',
  ],
])('a selector of %j is refused', async (selector, field, message) => {
  const [cause = '', ...others] = await refusal(createTestRegistry().create(plural, partitionSet(selector)));
  expect(cause.startsWith(`${field}: Invalid value: ${message}`), cause).toBe(true);
  expect(others).toEqual([]);
});

test('a selector of labels is stored', async () => {
  const selector = { matchLabels: { 'kcp.io/a': 'b' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] };
  const made = await createTestRegistry().create(plural, partitionSet(selector));
  expect(made).toMatchObject({ spec: { shardSelector: selector } });
});
