import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'apiexportendpointslices';
const slice = (reference: object) => ({
  apiVersion: 'apis.kcp.io/v1alpha1',
  kind: 'APIExportEndpointSlice',
  metadata: { name: 'one' },
  spec: { export: reference },
});

test('a slice is for an export that its author may bind, by default of the same workspace', async () => {
  const asked: unknown[] = [];
  const on = createTestRegistry({
    deps: {
      mayBind(_context, path, name) {
        asked.push([path, name]);
        return name === 'open';
      },
    },
  });
  await on.create(plural, slice({ name: 'open', path: 'root:org' }));
  expect(await refusal(on.create(plural, slice({ name: 'closed' })))).toEqual([
    'apiexportendpointslices.apis.kcp.io "one" is forbidden: unable to create APIExportEndpointSlice: no permission to bind to export root:here:closed',
  ]);
  expect(asked).toEqual([
    ['root:org', 'open'],
    ['root:here', 'closed'],
  ]);
});

test('the export of a slice stays', async () => {
  const on = createTestRegistry();
  const made = await on.create(plural, slice({ name: 'open' }));
  expect(await refusal(on.update(plural, { ...made, spec: { export: { name: 'other' } } }))).toEqual([
    'spec.export: Invalid value: APIExport reference must not be changed',
  ]);
});
