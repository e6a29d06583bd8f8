import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'one', namespace: 'default' };
const configMap = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...fields });

test('a value too many is refused in the words of Kubernetes', async () => {
  const made = on.create('configmaps', configMap({ data: { big: 'x'.repeat(1_200_000) } }));
  expect(await refusal(made)).toEqual(['[]: Too long: may not be more than 1048576 bytes']);
});

test('a key stands in data or in binaryData, not in both', async () => {
  const made = on.create('configmaps', configMap({ data: { a: 'x' }, binaryData: { a: 'eA==' } }));
  expect(await refusal(made)).toEqual(['data[a]: Invalid value: "a": duplicate of key present in binaryData']);
  expect(await refusal(on.create('configmaps', configMap({ binaryData: { constructor: 'eA==' } })))).toEqual([]);
});

test('what is immutable stays so, but for its metadata', async () => {
  const made = await on.create('configmaps', configMap({ data: { a: 'x' }, immutable: true }));
  const text = 'field is immutable when `immutable` is set';
  expect(await refusal(on.update('configmaps', { ...made, data: { a: 'y' } }))).toEqual([`data: Forbidden: ${text}`]);
  expect(await refusal(on.update('configmaps', { ...made, immutable: false }))).toEqual([
    `immutable: Forbidden: ${text}`,
  ]);
  const labelled = await on.update('configmaps', { ...made, metadata: { ...made.metadata, labels: { a: 'b' } } });
  expect(labelled.metadata.labels).toEqual({ a: 'b' });
});
