import { expect, test } from 'vitest';
import { createTestRegistry } from '../../../common/test-registry.fixture.ts';

test('of a Secret that an account may use the name is kept', async () => {
  const on = createTestRegistry();
  const made = await on.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'one', namespace: 'default' },
    secrets: [{ name: 'a', namespace: 'other', uid: 'u' }],
  });
  expect(made['secrets']).toEqual([{ name: 'a' }]);
  const changed = await on.update('serviceaccounts', { ...made, secrets: [{ name: 'b', kind: 'Secret' }] });
  expect(changed['secrets']).toEqual([{ name: 'b' }]);
});
