import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'apiresourceschemas';
const version = { name: 'v1', served: true, storage: true, schema: { type: 'object' } };

function schemaOf(group: string, name = `v1.widgets.${group}`) {
  return {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [version],
    },
  };
}

test.each(['tenancy.kcp.io', 'deep.apis.kcp.io'])("the group %s is the server's", async (group) => {
  const [message] = await refusal(createTestRegistry().create(plural, schemaOf(group)));
  expect(message).toContain(`${group} is a reserved group`);
});

test('a schema is named after its resource', async () => {
  const [message] = await refusal(
    createTestRegistry().create(plural, schemaOf('example.com', 'v1.gadgets.example.com')),
  );
  expect(message).toContain('is forbidden: [metadata.name: ');
});

test('a schema never changes', async () => {
  const on = createTestRegistry();
  const made = await on.create(plural, schemaOf('example.com'));
  const changed = { ...made, spec: { ...(made['spec'] as object), versions: [{ ...version, deprecated: true }] } };
  const [message] = await refusal(on.update(plural, changed));
  expect(message).toContain('is forbidden: [spec: ');
  const labelled = await on.update(plural, { ...made, metadata: { ...made.metadata, labels: { a: 'b' } } });
  expect(labelled.metadata.labels).toEqual({ a: 'b' });
});
